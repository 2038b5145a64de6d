import { describe, expect, test } from 'vitest';
import { trace } from 'waybill/operations';
import { publish } from 'waybill/runtime';
import { MemoryStack, TestService, testLedger } from 'waybill/testing';
import {
  OrderPlaced,
  Orders,
  PaymentSucceeded,
  Payments,
  Reservations,
  Sales,
  ShippingNotes,
  Stock,
  StockReserved,
  TakePayment,
} from './contract.ts';
import { handler as countSales } from './functions/count-sales.ts';
import { handler as noteShipping } from './functions/note-shipping.ts';
import { handler as reserveStock } from './functions/reserve-stock.ts';
import { takePaymentBy } from './functions/take-payment.ts';
import type { PaymentProvider } from './payment-provider.ts';

const order = {
  orderId: '1',
  customerId: 'c',
  sku: 'album-1',
  quantity: 2,
  amountCents: 2999,
  paymentSequence: 1,
  placedAt: '2026-03-01T12:00:00Z',
};
const { paymentSequence: _, ...row } = order;
const { placedAt: __, ...payment } = order;
const goods = { sku: 'album-1', quantity: 5, initial: 5, version: 1 };
const shop = () =>
  testLedger()
    .row(Orders, { ...row, status: 'UNPAID' })
    .row(Stock, goods);

/** A provider with a book of its own, which keeps no keys. */
function paymentProvider() {
  const service = new TestService('provider', { does: (_: number, count) => ({ chargeId: `ch_${count}` }) });
  const client: PaymentProvider = {
    charge: (reference, amountCents, options) => service.request(reference, amountCents, options),
    find: (reference) => service.find(reference),
  };
  return { service, client };
}

describe('take-payment', () => {
  test('charges an order once, marks it as paid, and says so', async () => {
    const ledger = shop();
    const { service, client } = paymentProvider();
    const { outcome, published } = await ledger.deliver(takePaymentBy(client), OrderPlaced, order);
    expect(outcome).toBe('handled');
    expect(published).toMatchObject([{ type: 'payment.succeeded', payload: payment }]);
    expect(ledger.read(Orders, { orderId: '1' })?.status).toBe('PAID');
    expect(ledger.rows(Payments)).toEqual([
      { orderId: '1', paymentSequence: 1, customerId: 'c', amountCents: 2999, captures: 1 },
    ]);
    expect(service.entries).toMatchObject([{ key: '1_1', input: 2999 }]);
  });

  test('takes a new message for the same payment for a duplicate, and charges nothing', async () => {
    const ledger = shop();
    const { service, client } = paymentProvider();
    await ledger.deliver(takePaymentBy(client), OrderPlaced, order);
    const again = await ledger.deliver(takePaymentBy(client), OrderPlaced, order);
    expect(again).toMatchObject({ outcome: 'duplicate', writes: [], published: [] });
    expect(service.entries).toHaveLength(1);
  });

  test('takes the same message delivered again for done', async () => {
    const ledger = shop();
    const { service, client } = paymentProvider();
    const { id } = await ledger.deliver(takePaymentBy(client), OrderPlaced, order);
    expect(await ledger.redeliver(takePaymentBy(client), id)).toMatchObject({ outcome: 'already', writes: [] });
    expect(service.entries).toHaveLength(1);
  });

  test('charges once where the reply was lost: the provider is asked, and then the order is paid', async () => {
    const ledger = shop();
    const { service, client } = paymentProvider();
    const charge: PaymentProvider['charge'] = async (...request) => {
      const answer = await client.charge(...request);
      if (service.entries.length === 1) throw new Error('socket hang up');
      return answer;
    };
    const handler = takePaymentBy({ ...client, charge });
    const { id } = await ledger.deliver(handler, OrderPlaced, order);
    expect(ledger.read(Orders, { orderId: '1' })?.status).toBe('UNPAID');
    ledger.advance('10s');
    expect(await ledger.redeliver(handler, id)).toMatchObject({ outcome: 'handled' });
    expect(service.entries).toHaveLength(1);
  });

  test.each([
    ['a second payment of a paid order', { paymentSequence: 2 }],
    ['a payment of another amount than the order has', { amountCents: 1 }],
    ['a payment of an order that is not there', { orderId: '2' }],
  ])('leaves %s to a person, and charges nothing', async (_what, change) => {
    const ledger = shop();
    const { service, client } = paymentProvider();
    if ('paymentSequence' in change) await ledger.deliver(takePaymentBy(client), OrderPlaced, order);
    const before = { rows: ledger.rows(Payments), charges: service.entries.length };
    expect(await ledger.deliver(takePaymentBy(client), OrderPlaced, { ...order, ...change })).toMatchObject({
      outcome: 'deadLettered',
      reason: 'condition-failed',
    });
    expect({ rows: ledger.rows(Payments), charges: service.entries.length }).toEqual(before);
  });

  test('sells on account without a provider', async () => {
    const ledger = shop();
    expect(await ledger.deliver(takePaymentBy(undefined), OrderPlaced, order)).toMatchObject({ outcome: 'handled' });
    expect(ledger.read(Orders, { orderId: '1' })?.status).toBe('PAID');
  });

  test.each([
    ['waits in place for it', '1s', 1_000],
    ['waits in place for at most 2 s, and comes again', '4s', 4_000],
  ])(
    'a second message for the same payment, while the first is charged, %s and is a duplicate (%s)',
    async (_, __, takes) => {
      const { service, client } = paymentProvider();
      const charge: PaymentProvider['charge'] = async (...request) => {
        await stack.clock.sleep(takes);
        return client.charge(...request);
      };
      /** When somebody looked whether the other one's charge has ended. */
      const looks: number[] = [];
      const stack = new MemoryStack({
        subscribers: [TakePayment],
        handlers: { 'take-payment': takePaymentBy({ ...client, charge }) },
        wire: async ({ operation, input }, apply) => {
          if (operation === 'GetItem' && JSON.stringify(input).includes('effect#')) looks.push(stack.now);
          return apply();
        },
      });
      stack.row(Orders, { ...row, status: 'UNPAID' });
      const environment = stack.environment();
      const began = stack.now;
      const ids = [
        await publish(OrderPlaced, order, { environment }),
        await publish(OrderPlaced, order, { environment }),
      ];
      await stack.advance('1m');

      const waited = (looks.at(-1) ?? 0) - began;
      expect(waited).toBeGreaterThan(Math.min(takes, 2_000) / 4);
      expect(waited).toBeLessThanOrEqual(2_000);
      const traced = ids.map(({ id }) => trace(environment, { ledger: 'waybill-ledger', shards: 2 }, id));
      const states = (await Promise.all(traced)).map(({ subscribers }) => subscribers[0]?.state);
      expect(states.sort()).toEqual(['duplicate', 'handled']);
      expect(service.entries).toMatchObject([{ key: '1_1' }]);
      expect(stack.rows(Payments)).toMatchObject([{ captures: 1 }]);
    },
  );
});

describe('reserve-stock', () => {
  test('sets the goods aside, and says so', async () => {
    const ledger = shop();
    const { outcome, published } = await ledger.deliver(reserveStock, PaymentSucceeded, payment);
    expect(outcome).toBe('handled');
    expect(published).toMatchObject([{ type: 'stock.reserved', payload: { orderId: '1', quantity: 2 } }]);
    expect(ledger.read(Stock, { sku: 'album-1' })).toEqual({ ...goods, quantity: 3, version: 2 });
    expect(ledger.rows(Reservations)).toEqual([{ orderId: '1', sku: 'album-1', quantity: 2, reservations: 1 }]);
  });

  test('reserves nothing more when the order is paid again: its goods are the same', async () => {
    const ledger = shop();
    await ledger.deliver(reserveStock, PaymentSucceeded, payment);
    const again = { ...payment, paymentSequence: 2 };
    expect(await ledger.deliver(reserveStock, PaymentSucceeded, again)).toMatchObject({ outcome: 'duplicate' });
    expect(ledger.read(Stock, { sku: 'album-1' })?.quantity).toBe(3);
  });

  test.each([
    ['goods that are sold out', { quantity: 6 }, 'condition-failed'],
    ['goods that the shop does not have', { sku: 'album-2' }, 'rejected'],
  ])('leaves an order of %s to a person', async (_what, change, reason) => {
    const ledger = shop();
    const delivery = await ledger.deliver(reserveStock, PaymentSucceeded, { ...payment, ...change });
    expect(delivery).toMatchObject({ outcome: 'deadLettered', reason, published: [] });
    expect(ledger.read(Stock, { sku: 'album-1' })).toEqual(goods);
  });
});

test('note-shipping writes one note, however often its message comes', async () => {
  const ledger = testLedger();
  const reserved = { orderId: '1', customerId: 'c', sku: 'album-1', quantity: 2 };
  const { id } = await ledger.deliver(noteShipping, StockReserved, reserved);
  await ledger.redeliver(noteShipping, id);
  expect(ledger.rows(ShippingNotes)).toEqual([{ ...reserved, copies: 1 }]);
});

test('count-sales adds up the orders of a day, each once', async () => {
  const ledger = testLedger();
  const deliver = (change: object) =>
    ledger.deliver(countSales, OrderPlaced, { ...order, ...change }, { transport: 'stream' });
  await deliver({});
  await deliver({ orderId: '2', placedAt: '2026-03-01T23:59:59Z' });
  await deliver({ orderId: '3', placedAt: '2026-03-02T00:00:00Z' });
  expect(await deliver({})).toMatchObject({ outcome: 'duplicate' });
  expect(ledger.rows(Sales)).toEqual([
    { sku: 'album-1', day: '2026-03-01', orders: 2, quantity: 4, amountCents: 5998 },
    { sku: 'album-1', day: '2026-03-02', orders: 1, quantity: 2, amountCents: 2999 },
  ]);
});
