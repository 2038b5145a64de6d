import { expect, test } from 'vitest';
import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { atLeast, consume } from 'waybill/runtime';
import { testLedger } from 'waybill/testing';
import { z } from 'zod';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const StockReserved = defineEvent('stock.reserved', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive() }),
  key: (reserved) => reserved.orderId,
  businessLine: 'inventory',
});
const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int(), version: z.int() }),
  partitionKey: 'sku',
  version: 'version',
});
const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [OrderPlaced],
  publishes: [StockReserved],
  tables: [Stock],
});

const handler = consume(ReserveStock, async (order, { tx }) => {
  tx.update(
    Stock,
    { sku: order.sku },
    { add: { quantity: -order.quantity }, when: { quantity: atLeast(order.quantity) }, otherwise: 'deadLetter' },
  );
  tx.publish(StockReserved, { orderId: order.orderId, sku: order.sku, quantity: order.quantity });
});

test('the example of the design works as it stands', async () => {
  const shop = testLedger().row(Stock, { sku: 'a', quantity: 5, version: 0 });
  await shop.deliver(handler, OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 });
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(3);
});

test('the example of the doc comment works as it stands', async () => {
  const shop = testLedger().row(Stock, { sku: 'a', quantity: 5, version: 0 });
  const { outcome, published, id } = await shop.deliver(handler, OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 });
  expect(outcome).toBe('handled');
  expect(published).toMatchObject([{ type: 'stock.reserved', payload: { quantity: 2 } }]);
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(3);
  expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'already', writes: [] });
});
