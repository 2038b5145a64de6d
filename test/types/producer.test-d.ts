import { describe, expectTypeOf, it } from 'vitest';
import {
  checkBack,
  decideTransaction,
  type HalfMessage,
  postgres,
  producer,
  recordCommit,
  type SendReceipt,
  sqlite,
} from 'waybill/runtime';
import { OrderCancelled, OrderPlaced } from './shop.ts';

const order = { orderId: '1', sku: 'a', quantity: 2 };

describe('what a producer sends', () => {
  it("has the schema's input for its payload", () => {
    expectTypeOf(producer.send(OrderPlaced, order)).resolves.toEqualTypeOf<SendReceipt>();
    expectTypeOf(producer.prepare(OrderPlaced, order, { transactionId: 't' })).resolves.toEqualTypeOf<HalfMessage>();
    // @ts-expect-error a field is missing
    producer.send(OrderPlaced, { orderId: '1', sku: 'a' });
    // @ts-expect-error a field has another type
    producer.prepare(OrderPlaced, { ...order, quantity: '2' }, { transactionId: 't' });
    producer.prepare(OrderPlaced, order, { delay: '1h' });
    // @ts-expect-error a transaction id is a text
    producer.prepare(OrderPlaced, order, { transactionId: 1 });
  });

  it('takes a moment or a delay, not both', () => {
    producer.send(OrderPlaced, order, { delay: '10m' });
    producer.send(OrderPlaced, order, { deliverAt: new Date(), within: '5s', jitter: true });
    // @ts-expect-error both
    producer.send(OrderPlaced, order, { delay: '10m', deliverAt: new Date() });
    // @ts-expect-error no duration
    producer.send(OrderPlaced, order, { delay: 'soon' });
  });

  it('may be a batch of several events, each with its own payload', () => {
    const cancelled = { orderId: '1', at: '2026-11-23' };
    const sent = producer.sendBatch([
      { event: OrderPlaced, payload: order, delay: '1s' },
      { event: OrderCancelled, payload: cancelled },
    ]);
    expectTypeOf(sent).resolves.toEqualTypeOf<SendReceipt[]>();
    producer.sendBatch([order, order].map((payload) => ({ event: OrderPlaced, payload })));
    producer.sendBatch([
      { event: OrderPlaced, payload: order },
      // @ts-expect-error the payload of another event
      { event: OrderCancelled, payload: order },
    ]);
  });
});

describe('the owner of a local transaction', () => {
  it('answers with one of three words', () => {
    checkBack(OrderPlaced, async () => 'commit');
    checkBack([[OrderPlaced, async (transactionId) => (transactionId === '' ? 'rollback' : 'unknown')]], {
      patience: '1d',
    });
    // @ts-expect-error there is no such answer
    checkBack(OrderPlaced, async () => 'committed');
    // @ts-expect-error whom to ask?
    checkBack(OrderPlaced);
  });

  it('keeps its decisions in SQLite at once, and in PostgreSQL after a while', () => {
    const database = { prepare: (_: string) => ({ all: (..._parameters: string[]): unknown[] => [] }) };
    const client = { query: async (_: string, _parameters: string[]) => ({ rows: [] }) };
    expectTypeOf(recordCommit(sqlite(database), 't')).toEqualTypeOf<void>();
    expectTypeOf(recordCommit(postgres(client), 't')).toEqualTypeOf<Promise<void>>();
    checkBack(OrderPlaced, (transactionId) => decideTransaction(postgres(client), transactionId));
  });
});
