import { describe, expectTypeOf, it } from 'vitest';
import { defineSubscriber } from 'waybill';
import {
  absent,
  atLeast,
  consume,
  lessThan,
  not,
  oneOf,
  present,
  publish,
  type Transaction,
  transact,
} from 'waybill/runtime';
import {
  type FollowOrders,
  Movements,
  OrderCancelled,
  OrderPlaced,
  type ReserveStock,
  Stock,
  StockReserved,
} from './shop.ts';

type Of<Subscriber extends typeof ReserveStock | typeof FollowOrders> = Transaction<
  Subscriber['tables'][number],
  Subscriber['publishes'][number]
>;
declare const tx: Of<typeof ReserveStock>;
declare const wide: Of<typeof FollowOrders>;

const row = { sku: 'a', quantity: 1, state: 'open' as const, version: 0 };

describe('what a transaction publishes', () => {
  it('is an event that the subscriber declares', () => {
    expectTypeOf(tx.publish(StockReserved, { orderId: '1', sku: 'a', quantity: 2 })).toEqualTypeOf<string>();
    wide.publish(OrderCancelled, { orderId: '1', at: '2026-11-23' });
    // @ts-expect-error ReserveStock does not publish it
    tx.publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 });
    // @ts-expect-error FollowOrders consumes it, and does not publish it
    wide.publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 });
  });

  it("has the schema's input for its payload", () => {
    // @ts-expect-error a field is missing
    tx.publish(StockReserved, { orderId: '1', sku: 'a' });
    // @ts-expect-error a field has another type
    tx.publish(StockReserved, { orderId: '1', sku: 'a', quantity: '2' });
    // @ts-expect-error there is no such field
    tx.publish(StockReserved, { orderId: '1', sku: 'a', quantity: 2, colour: 'red' });
    // @ts-expect-error `at` is a number only after the schema's transform
    wide.publish(OrderCancelled, { orderId: '1', at: 1_763_888_040_000 });
    // @ts-expect-error the payload of another event
    wide.publish(OrderCancelled, { orderId: '1', sku: 'a', quantity: 2 });
    wide.publish(OrderCancelled, { orderId: '1', reason: 'late', at: '2026-11-23' });
  });
});

describe('when a message is delivered', () => {
  const reserved = { orderId: '1', sku: 'a', quantity: 2 };

  it('is at once, after a delay, or at a moment', () => {
    tx.publish(StockReserved, reserved, {});
    tx.publish(StockReserved, reserved, { delay: '90s' });
    tx.publish(StockReserved, reserved, { deliverAt: new Date() });
    expectTypeOf(tx.publish(StockReserved, reserved, { delay: '366d' })).toEqualTypeOf<string>();
  });

  it('is told in one way, and in a form that says what it means', () => {
    // @ts-expect-error a delay and a moment
    tx.publish(StockReserved, reserved, { delay: '90s', deliverAt: new Date() });
    // @ts-expect-error a number of what?
    tx.publish(StockReserved, reserved, { delay: 90 });
    // @ts-expect-error there is no such unit
    tx.publish(StockReserved, reserved, { delay: '3w' });
    // @ts-expect-error a text is no Date
    tx.publish(StockReserved, reserved, { deliverAt: '2026-11-23T09:00:00Z' });
    // @ts-expect-error there is no such option
    tx.publish(StockReserved, reserved, { after: '90s' });
  });
});

describe('what a transaction writes', () => {
  it('is in a table that the subscriber declares', () => {
    wide.put(Movements, { sku: 'a', at: 1, by: 'x' });
    // @ts-expect-error ReserveStock has no such table
    tx.put(Movements, { sku: 'a', at: 1, by: 'x' });
    // @ts-expect-error ReserveStock has no such table
    tx.update(Movements, { sku: 'a', at: 1 }, { set: { by: 'x' } });
    // @ts-expect-error ReserveStock has no such table
    tx.delete(Movements, { sku: 'a', at: 1 });
    // @ts-expect-error ReserveStock has no such table
    tx.check(Movements, { sku: 'a', at: 1 }, { when: 'present' });
    // @ts-expect-error ReserveStock has no such table
    tx.get(Movements, { sku: 'a', at: 1 });
  });

  it('is a whole row for put', () => {
    tx.put(Stock, row);
    tx.put(Stock, { ...row, note: 'last one' }, { when: 'absent', otherwise: 'duplicate' });
    // @ts-expect-error a column is missing
    tx.put(Stock, { sku: 'a', state: 'open', version: 0 });
    // @ts-expect-error a column has another type
    tx.put(Stock, { ...row, quantity: '1' });
    // @ts-expect-error there is no such column
    tx.put(Stock, { ...row, colour: 'red' });
  });

  it('has the whole key, and nothing else, for its address', () => {
    wide.delete(Movements, { sku: 'a', at: 1 });
    // @ts-expect-error the sort key is missing
    wide.delete(Movements, { sku: 'a' });
    // @ts-expect-error the key has another type
    tx.update(Stock, { sku: 7 }, { add: { quantity: 1 } });
    // @ts-expect-error the key has another name
    tx.update(Stock, { id: 'a' }, { add: { quantity: 1 } });
    // @ts-expect-error a column that is no key
    tx.get(Stock, { sku: 'a', quantity: 1 });
    // @ts-expect-error a key is an object
    tx.delete(Stock, 'a');
  });

  it('adds to columns that hold numbers', () => {
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -2, reserved: 2 } });
    // @ts-expect-error a text does not grow
    tx.update(Stock, { sku: 'a' }, { add: { note: 1 } });
    // @ts-expect-error it grows by a number
    tx.update(Stock, { sku: 'a' }, { add: { quantity: '2' } });
    // @ts-expect-error there is no such column
    tx.update(Stock, { sku: 'a' }, { add: { colour: 1 } });
    // @ts-expect-error a text does not grow, in a table without any number beside its key too
    wide.update(Movements, { sku: 'a', at: 1 }, { add: { by: 1 } });
  });

  it('sets columns to values of their type', () => {
    tx.update(Stock, { sku: 'a' }, { set: { quantity: 2, state: 'closed' }, remove: ['note'] });
    // @ts-expect-error there is no such column
    tx.update(Stock, { sku: 'a' }, { set: { colour: 'red' } });
    // @ts-expect-error a column has another type
    tx.update(Stock, { sku: 'a' }, { set: { quantity: '2' } });
    // @ts-expect-error no such state
    tx.update(Stock, { sku: 'a' }, { set: { state: 'ajar' } });
    // @ts-expect-error there is no such column
    tx.update(Stock, { sku: 'a' }, { remove: ['colour'] });
    // @ts-expect-error a row without it is none of the table's
    tx.update(Stock, { sku: 'a' }, { remove: ['quantity'] });
    // @ts-expect-error a row's key never changes
    tx.update(Stock, { sku: 'a' }, { set: { sku: 'b' } });
    // @ts-expect-error a row's key never changes
    wide.update(Movements, { sku: 'a', at: 1 }, { add: { at: 1 } });
    // @ts-expect-error there is no such change
    tx.update(Stock, { sku: 'a' }, { increment: { quantity: 1 } });
  });
});

describe('a subscriber without tables and publishes', () => {
  it('writes and publishes nothing', () => {
    consume(defineSubscriber('idle', { consumes: [OrderPlaced] }), async (_, { tx: nothing }) => {
      // @ts-expect-error it declares no table
      nothing.delete(Stock, { sku: 'a' });
      // @ts-expect-error it declares no event
      nothing.publish(StockReserved, { orderId: '1', sku: 'a', quantity: 2 });
      nothing.once('order-1');
    });
  });
});

describe('what a transaction requires', () => {
  const change = { add: { quantity: -1 } };

  it('is said of columns, with values of their type', () => {
    tx.update(Stock, { sku: 'a' }, { ...change, when: { quantity: atLeast(2), note: absent(), state: not('closed') } });
    tx.update(
      Stock,
      { sku: 'a' },
      { ...change, when: { quantity: 2, state: oneOf('open', 'closed'), reserved: present() } },
    );
    tx.update(Stock, { sku: 'a' }, { ...change, when: 'present', otherwise: 'deadLetter' });
    // @ts-expect-error there is no such column
    tx.update(Stock, { sku: 'a' }, { ...change, when: { colour: 'red' } });
    // @ts-expect-error a column has another type
    tx.update(Stock, { sku: 'a' }, { ...change, when: { quantity: 'two' } });
    // @ts-expect-error a number is compared with a number
    tx.update(Stock, { sku: 'a' }, { ...change, when: { quantity: atLeast('2') } });
    // @ts-expect-error a text is compared with a text
    tx.update(Stock, { sku: 'a' }, { ...change, when: { note: lessThan(2) } });
    // @ts-expect-error no such state
    tx.update(Stock, { sku: 'a' }, { ...change, when: { state: not('ajar') } });
    // @ts-expect-error no such state
    tx.update(Stock, { sku: 'a' }, { ...change, when: { state: oneOf('open', 'ajar') } });
    // @ts-expect-error a row is there, or it is not
    tx.update(Stock, { sku: 'a' }, { ...change, when: 'maybe' });
  });

  it('has one of three outcomes where it does not hold', () => {
    tx.check(Stock, { sku: 'a' }, { when: { quantity: atLeast(1) }, otherwise: 'retry' });
    // @ts-expect-error there is no such outcome
    tx.check(Stock, { sku: 'a' }, { when: 'present', otherwise: 'ignore' });
  });

  it('is said of the whole table row for put, delete and check', () => {
    // @ts-expect-error there is no such column
    tx.put(Stock, row, { when: { colour: 'red' } });
    // @ts-expect-error there is no such column
    tx.delete(Stock, { sku: 'a' }, { when: { colour: 'red' } });
    // @ts-expect-error there is no such column
    tx.check(Stock, { sku: 'a' }, { when: { colour: 'red' } });
    // @ts-expect-error a check that requires nothing
    tx.check(Stock, { sku: 'a' });
  });
});

describe('what a transaction reads', () => {
  it('is a row of the table, or nothing', () => {
    expectTypeOf(wide.get(Movements, { sku: 'a', at: 1 })).resolves.toEqualTypeOf<
      { sku: string; at: number; by: string } | undefined
    >();
  });
});

describe('an idempotency key', () => {
  it('is a text, kept for a duration', () => {
    tx.once('order-1_payment-2', { keep: '48h' });
    // @ts-expect-error a key is a text
    tx.once(7);
    // @ts-expect-error 48 of what?
    tx.once('order-1', { keep: 48 });
  });
});

describe('a producer outside a consumer', () => {
  it("publishes the schema's input of any event", async () => {
    expectTypeOf(await publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 })).toEqualTypeOf<{
      readonly id: string;
    }>();
    await publish(OrderCancelled, { orderId: '1', at: '2026-11-23' });
    await publish(OrderCancelled, { orderId: '1', at: '2026-11-23' }, { delay: '90s' });
    await publish(OrderCancelled, { orderId: '1', at: '2026-11-23' }, { deliverAt: new Date() });
    // @ts-expect-error a delay and a moment
    await publish(OrderCancelled, { orderId: '1', at: '2026-11-23' }, { delay: '1s', deliverAt: new Date() });
    // @ts-expect-error a field is missing
    await publish(OrderPlaced, { orderId: '1', sku: 'a' });
    // @ts-expect-error a field has another type
    await publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: '2' });
    // @ts-expect-error there is no such field
    await publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2, colour: 'red' });
    // @ts-expect-error `at` is a number only after the schema's transform
    await publish(OrderCancelled, { orderId: '1', at: 1_763_888_040_000 });
    // @ts-expect-error a table is no event
    await publish(Stock, row);
  });

  it('writes and publishes in one transaction', async () => {
    const done = await transact(async (producer) => {
      producer.put(Stock, row, { when: 'absent', otherwise: 'duplicate' });
      producer.publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 });
      // @ts-expect-error a field is missing
      producer.publish(OrderPlaced, { orderId: '1', sku: 'a' });
      // @ts-expect-error there is no such column
      producer.update(Stock, { sku: 'a' }, { set: { colour: 'red' } });
    });
    expectTypeOf(done).toEqualTypeOf<{ readonly ids: readonly string[] }>();
  });

  it('has no idempotency keys of its own', async () => {
    await transact((producer) => {
      // @ts-expect-error there is no subscriber whose key it could be
      producer.once('order-1');
    });
  });
});
