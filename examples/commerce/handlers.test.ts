import { describe, expect, test } from 'vitest';
import { testLedger } from 'waybill/testing';
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
} from './contract.ts';
import { handler as countSales } from './functions/count-sales.ts';
import { handler as noteShipping } from './functions/note-shipping.ts';
import { handler as reserveStock } from './functions/reserve-stock.ts';
import { handler as takePayment } from './functions/take-payment.ts';

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

describe('take-payment', () => {
  test('pays an order once, and says so', async () => {
    const ledger = shop();
    const { outcome, published } = await ledger.deliver(takePayment, OrderPlaced, order);
    expect(outcome).toBe('handled');
    expect(published).toMatchObject([{ type: 'payment.succeeded', payload: payment }]);
    expect(ledger.read(Orders, { orderId: '1' })?.status).toBe('PAID');
    expect(ledger.rows(Payments)).toEqual([
      { orderId: '1', paymentSequence: 1, customerId: 'c', amountCents: 2999, captures: 1 },
    ]);
  });

  test('takes a new message for the same payment for a duplicate', async () => {
    const ledger = shop();
    await ledger.deliver(takePayment, OrderPlaced, order);
    expect(await ledger.deliver(takePayment, OrderPlaced, order)).toMatchObject({ outcome: 'duplicate', writes: [] });
  });

  test('takes the same message delivered again for done', async () => {
    const ledger = shop();
    const { id } = await ledger.deliver(takePayment, OrderPlaced, order);
    expect(await ledger.redeliver(takePayment, id)).toMatchObject({ outcome: 'already', writes: [] });
  });

  test.each([
    ['a second payment of a paid order', { paymentSequence: 2 }],
    ['a payment of another amount than the order has', { amountCents: 1 }],
    ['a payment of an order that is not there', { orderId: '2' }],
  ])('leaves %s to a person', async (_what, change) => {
    const ledger = shop();
    if ('paymentSequence' in change) await ledger.deliver(takePayment, OrderPlaced, order);
    const before = ledger.rows(Payments);
    expect(await ledger.deliver(takePayment, OrderPlaced, { ...order, ...change })).toMatchObject({
      outcome: 'deadLettered',
      reason: 'condition-failed',
    });
    expect(ledger.rows(Payments)).toEqual(before);
  });
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
