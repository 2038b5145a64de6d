import { expect, test } from 'vitest';
import { testLedger } from 'waybill/testing';
import { OrderPlaced, Stock } from '../src/contract.ts';
import { placeOrder } from '../src/functions/place-order.ts';
import { handler as reserveStock } from '../src/functions/reserve-stock.ts';

const order = { orderId: '1', sku: 'tea', quantity: 2 };

test('an order reserves stock once, however often its message comes', async () => {
  const shop = testLedger();
  const { outcome, id } = await shop.deliver(reserveStock, OrderPlaced, order);
  expect(outcome).toBe('handled');
  expect((await shop.redeliver(reserveStock, id)).outcome).toBe('already');
  expect(shop.read(Stock, { sku: 'tea' })).toEqual({ sku: 'tea', reserved: 2 });
});

test('placing an order announces it', async () => {
  const shop = testLedger();
  const { statusCode } = await placeOrder(JSON.stringify(order), { environment: shop.environment });
  expect(statusCode).toBe(202);
  expect(shop.published).toMatchObject([{ type: 'order.placed', key: '1', payload: order }]);
});

test('what is no order is refused, and announces nothing', async () => {
  const shop = testLedger();
  for (const body of ['', '{}', JSON.stringify({ ...order, quantity: 0 })]) {
    expect((await placeOrder(body, { environment: shop.environment })).statusCode).toBe(400);
  }
  expect(shop.published).toEqual([]);
});
