import { expect, expectTypeOf, test, vi } from 'vitest';
import { z } from 'zod';
import { atLeast } from '../../lib/aws/condition.ts';
import { consume, type HandlerOrHandlers } from '../../lib/consume/consume.ts';
import { ConditionFailed, InvalidPayload, Rejected } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { cancel, producer, publish, transact } from '../../lib/public/runtime.ts';
import { type PublishedMessage, testLedger } from '../../lib/public/testing.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const OrderCancelled = defineEvent('order.cancelled', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const StockReserved = defineEvent('stock.reserved', {
  schema: z.object({ orderId: z.string(), quantity: z.int() }),
  key: (reserved) => reserved.orderId,
  businessLine: 'inventory',
});
const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int(), version: z.int() }),
  partitionKey: 'sku',
  version: 'version',
});
const Notes = defineTable('shipping-notes', {
  item: z.object({ orderId: z.string(), line: z.int(), text: z.string() }),
  partitionKey: 'orderId',
  sortKey: 'line',
});
const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [OrderPlaced],
  publishes: [StockReserved],
  tables: [Stock, Notes],
});
const NoteShipping = defineSubscriber('note-shipping', { consumes: [StockReserved], tables: [Notes] });

const order = { orderId: '1', sku: 'a', quantity: 2 };
const reserves = (handler: HandlerOrHandlers<typeof ReserveStock>) => consume(ReserveStock, handler);
const reserve = reserves((placed, { tx }) => {
  tx.update(
    Stock,
    { sku: placed.sku },
    { add: { quantity: -placed.quantity }, when: { quantity: atLeast(placed.quantity) }, otherwise: 'deadLetter' },
  );
  tx.publish(StockReserved, { orderId: placed.orderId, quantity: placed.quantity });
});
const stocked = () => testLedger().row(Stock, { sku: 'a', quantity: 5, version: 0 });

test('a delivery says what it wrote and published', async () => {
  const shop = stocked();
  const { outcome, id, writes, published } = await shop.deliver(reserve, OrderPlaced, order);
  expect(outcome).toBe('handled');
  expect(writes).toEqual([
    {
      table: 'stock',
      key: { sku: 'a' },
      before: { sku: 'a', quantity: 5, version: 0 },
      after: { sku: 'a', quantity: 3, version: 1 },
    },
  ]);
  expect(published).toEqual([
    { id: expect.any(String), type: 'stock.reserved', version: 1, key: '1', payload: { orderId: '1', quantity: 2 } },
  ]);
  expect(published[0]?.id).not.toBe(id);
  expect(shop.published).toEqual(published);
});

test('a message that is delivered again takes effect once, and its handler does not run', async () => {
  const shop = stocked();
  const run = vi.fn();
  const handler = reserves((placed, { tx }) => {
    run();
    tx.update(Stock, { sku: placed.sku }, { add: { quantity: -1 } });
  });
  const { id } = await shop.deliver(handler, OrderPlaced, order);
  expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'already', id, writes: [], published: [] });
  expect(run).toHaveBeenCalledOnce();
  expect(shop.read(Stock, { sku: 'a' })).toEqual({ sku: 'a', quantity: 4, version: 1 });
});

test('a condition that does not hold dead-letters the message with its reason, and writes nothing', async () => {
  const shop = testLedger().row(Stock, { sku: 'a', quantity: 1, version: 0 });
  const { outcome, reason, detail, writes, published, id } = await shop.deliver(reserve, OrderPlaced, order);
  expect({ outcome, reason, writes, published }).toEqual({
    outcome: 'deadLettered',
    reason: 'condition-failed',
    writes: [],
    published: [],
  });
  expect(detail).toContain('stock');
  expect(shop.deadLetters).toMatchObject([{ subscriber: 'reserve-stock', id, reason: 'condition-failed' }]);
  expect(JSON.parse(Buffer.from(shop.deadLetters[0]?.bytes ?? []).toString())).toMatchObject({ id, data: order });
});

test('a rejected message is dead-lettered with what the handler said', async () => {
  const handler = reserves(() => {
    throw new Rejected('the shop is closed');
  });
  const delivery = await testLedger().deliver(handler, OrderPlaced, order);
  expect(delivery).toMatchObject({ outcome: 'deadLettered', reason: 'rejected', detail: 'the shop is closed' });
});

test('an error of the handler is named, and the message comes again until it is given up', async () => {
  const shop = testLedger();
  const handler = reserves(() => {
    throw new TypeError('sku of undefined');
  });
  const { outcome, reason, detail, id } = await shop.deliver(handler, OrderPlaced, order);
  expect({ outcome, reason, detail }).toEqual({
    outcome: 'retried',
    reason: 'TypeError',
    detail: 'TypeError: sku of undefined',
  });
  for (let attempt = 2; attempt < ReserveStock.retry.attempts; attempt++)
    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'retried' });
  expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'deadLettered', reason: 'attempts-exhausted' });
});

test('a redelivery waits until the message is visible again', async () => {
  const shop = testLedger();
  const handler = reserves(() => {
    throw new Error('not now');
  });
  const { id } = await shop.deliver(handler, OrderPlaced, order);
  const started = shop.now;
  await shop.redeliver(handler, id);
  await shop.redeliver(handler, id);
  await shop.redeliver(handler, id);
  expect((shop.now - started) / 1000).toBe(1 + 1 + 2);
});

test('a redriven message is handled though it was dead', async () => {
  const shop = testLedger().row(Stock, { sku: 'a', quantity: 1, version: 0 });
  const { id } = await shop.deliver(reserve, OrderPlaced, order);
  shop.row(Stock, { sku: 'a', quantity: 9, version: 0 });
  expect(await shop.redeliver(reserve, id)).toMatchObject({ outcome: 'deadLettered' });
  expect(await shop.redeliver(reserve, id, { redriven: true })).toMatchObject({ outcome: 'handled' });
  expect(await shop.redeliver(reserve, id, { redriven: true })).toMatchObject({ outcome: 'already' });
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(7);
});

test('an idempotency key makes a second message a duplicate until it is forgotten', async () => {
  const shop = stocked();
  const handler = reserves((placed, { tx }) => {
    tx.once(placed.orderId);
    tx.update(Stock, { sku: placed.sku }, { add: { quantity: -1 } });
  });
  expect(await shop.deliver(handler, OrderPlaced, order)).toMatchObject({ outcome: 'handled' });
  expect(await shop.deliver(handler, OrderPlaced, order)).toMatchObject({ outcome: 'duplicate', writes: [] });
  shop.advance('17d');
  expect(await shop.deliver(handler, OrderPlaced, order)).toMatchObject({ outcome: 'duplicate' });
  shop.advance('1ms');
  expect(await shop.deliver(handler, OrderPlaced, order)).toMatchObject({ outcome: 'handled' });
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(3);
});

test('tables that were never seeded are there, whatever is done with them first', async () => {
  const shop = testLedger();
  const handler = reserves(async (placed, { tx }) => {
    expect(await tx.get(Stock, { sku: 'a' })).toBeUndefined();
    tx.put(Notes, { orderId: placed.orderId, line: 1, text: 'fragile' }, { when: 'absent' });
    tx.put(Notes, { orderId: placed.orderId, line: 2, text: 'heavy' });
  });
  expect(shop.rows(Notes)).toEqual([]);
  await shop.deliver(handler, OrderPlaced, order);
  expect(shop.rows(Notes)).toEqual([
    { orderId: '1', line: 1, text: 'fragile' },
    { orderId: '1', line: 2, text: 'heavy' },
  ]);
  expect(shop.read(Notes, { orderId: '1', line: 2 })?.text).toBe('heavy');
  expect(shop.read(Notes, { orderId: '2', line: 2 })).toBeUndefined();
});

test('a published message goes on to the next handler', async () => {
  const shop = stocked();
  const cause: (string | undefined)[] = [];
  const note = consume(NoteShipping, (reserved, { tx, message }) => {
    cause.push(message.causationId, message.correlationId);
    tx.put(Notes, { orderId: reserved.orderId, line: 1, text: `${reserved.quantity}` });
  });
  const { id, published } = await shop.deliver(reserve, OrderPlaced, order);
  for (const message of published) {
    expect(await shop.deliver(note, message)).toMatchObject({ outcome: 'handled', id: message.id });
  }
  expect(shop.rows(Notes)).toEqual([{ orderId: '1', line: 1, text: '2' }]);
  expect(cause).toEqual([id, id]);
});

test('a message that two subscribers consume is new to each of them', async () => {
  const shop = stocked();
  const Count = defineSubscriber('count', { consumes: [OrderPlaced] });
  const attempts: number[] = [];
  const count = consume(Count, (_, { message }) => {
    attempts.push(message.attempt);
  });
  const { id } = await shop.deliver(reserve, OrderPlaced, order);
  expect(await shop.redeliver(count, id)).toMatchObject({ outcome: 'handled' });
  expect(attempts).toEqual([1]);
});

test('a stream delivers too: what fails is parked and comes from the retry queue', async () => {
  const shop = stocked();
  let fails = true;
  const handler = reserves((placed, { tx }) => {
    if (fails) throw new Error('not now');
    tx.update(Stock, { sku: placed.sku }, { add: { quantity: -1 } });
  });
  const { outcome, id } = await shop.deliver(handler, OrderPlaced, order, { transport: 'stream' });
  expect(outcome).toBe('retried');
  fails = false;
  expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'handled' });
  expect(await shop.redeliver(handler, id, { transport: 'stream' })).toMatchObject({ outcome: 'already' });
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(4);
});

test('an event on a stream that the subscriber does not consume is skipped', async () => {
  const delivery = await testLedger().deliver(reserve, OrderCancelled, { orderId: '1' }, { transport: 'stream' });
  expect(delivery).toMatchObject({ outcome: 'skipped', writes: [], published: [] });
});

test('middlewares run, and nothing rests on what they lose', async () => {
  const seen: string[] = [];
  const handler = reserves((placed, { tx }) => {
    tx.update(Stock, { sku: placed.sku }, { add: { quantity: -1 } });
  }).use({
    before: () => {
      seen.push('before');
    },
    after: () => {
      seen.push('after');
    },
  });
  const wrapped: typeof handler = Object.assign(
    (...given: Parameters<typeof handler>) => handler(...given),
    {},
  ) as typeof handler;
  const shop = stocked();
  expect(await shop.deliver(wrapped, OrderPlaced, order)).toMatchObject({ outcome: 'handled' });
  expect(seen).toEqual(['before', 'after']);
});

test('an error of a middleware reaches the test', async () => {
  const handler = reserves(() => undefined).use({
    before: () => {
      throw new Error('no secret today');
    },
  });
  await expect(testLedger().deliver(handler, OrderPlaced, order)).rejects.toThrow('no secret today');
});

test('deliveries at once are told apart', async () => {
  const shop = stocked();
  const deliveries = await Promise.all(
    ['1', '2', '3'].map((orderId) => shop.deliver(reserve, OrderPlaced, { ...order, orderId, quantity: 1 })),
  );
  expect(deliveries.map(({ published }) => published.map(({ key }) => key))).toEqual([['1'], ['2'], ['3']]);
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(2);
});

test('the same options give the same run', async () => {
  const run = async () => {
    const shop = testLedger({ now: 1_800_000_000_000, seed: 7 }).row(Stock, { sku: 'a', quantity: 5, version: 0 });
    const { id, published } = await shop.deliver(reserve, OrderPlaced, order);
    return { id, published, now: shop.now };
  };
  expect(await run()).toEqual(await run());
  const other = await testLedger({ seed: 8 }).deliver(reserve, OrderPlaced, order);
  expect(other.id).not.toBe((await testLedger().deliver(reserve, OrderPlaced, order)).id);
});

test('a conflict that goes away is waited out on virtual time', async () => {
  const shop = stocked();
  let runs = 0;
  const handler = reserves(async (placed, { tx }) => {
    const stock = await tx.get(Stock, { sku: placed.sku });
    // Somebody else writes the row after it was read, the first three times.
    if (runs++ < 3) shop.row(Stock, { sku: 'a', quantity: 50 - runs, version: 100 + runs });
    tx.update(Stock, { sku: placed.sku }, { set: { quantity: (stock?.quantity ?? 0) - placed.quantity } });
  });
  const delivery = await shop.deliver(handler, OrderPlaced, order);
  expect(delivery).toMatchObject({ outcome: 'handled' });
  expect(runs).toBe(4);
  expect(shop.read(Stock, { sku: 'a' })).toEqual({ sku: 'a', quantity: 45, version: 104 });
});

test('an event that the subscriber does not consume is a mistake of the test, and said so', async () => {
  const delivered = testLedger().deliver(reserve, OrderCancelled, { orderId: '1' });
  await expect(delivered).rejects.toMatchObject({ code: 'test-misused' });
  await expect(delivered).rejects.toThrow("'reserve-stock' does not consume 'order.cancelled'");
});

test('a payload that could not be published is refused, naming the field', async () => {
  const delivered = testLedger().deliver(reserve, OrderPlaced, { ...order, quantity: -1 });
  await expect(delivered).rejects.toMatchObject({ code: 'invalid-payload' });
  await expect(delivered).rejects.toThrow('quantity');
});

test('a row that the table could not hold is refused', () => {
  expect(() => testLedger().row(Stock, { sku: 'a', quantity: 0.5, version: 0 })).toThrow('quantity');
  expect(() => testLedger().row(Stock, { sku: '', quantity: 1, version: 0 })).toThrow('empty string value');
});

test('two tables of one name with different keys are refused', () => {
  const Other = defineTable('stock', { item: z.object({ id: z.string() }), partitionKey: 'id' });
  expect(() => stocked().rows(Other)).toThrow("Two tables are named 'stock'");
});

test('a message that a handler published for later says when, and its moment is waited for', async () => {
  const shop = testLedger();
  const handler = reserves((placed, { tx }) => {
    tx.publish(StockReserved, { orderId: placed.orderId, quantity: 2 }, { delay: '30m' });
  });
  const { published } = await shop.deliver(handler, OrderPlaced, order);
  const due = shop.now + 30 * 60_000;
  expect(published).toMatchObject([{ type: 'stock.reserved', deliverAt: new Date(due) }]);
  let handled = 0;
  const note = consume(NoteShipping, () => {
    handled = shop.now;
  });
  const [message] = published;
  expect(await shop.deliver(note, message ?? expect.fail())).toMatchObject({ outcome: 'handled' });
  expect([handled, shop.now]).toEqual([due, due]);
});

test('an unknown id is refused', async () => {
  await expect(testLedger().redeliver(reserve, 'nope')).rejects.toMatchObject({ code: 'test-misused' });
});

test('a handler that is no consumer is refused', async () => {
  const handler = async () => ({ batchItemFailures: [] });
  await expect(testLedger().deliver(handler, OrderPlaced, order)).rejects.toMatchObject({ code: 'test-misused' });
});

test('a raw action on a table that nobody knows is refused, naming the table', async () => {
  const handler = reserves((_, { tx }) => {
    tx.raw({ Put: { TableName: 'audit', Item: { id: { S: '1' } } } });
  });
  await expect(testLedger().deliver(handler, OrderPlaced, order)).rejects.toThrow("'audit'");
});

test('an undeclared publish is named in the detail', async () => {
  const handler = reserves((_, { tx }) => {
    (tx.publish as (event: typeof OrderCancelled, payload: object) => string)(OrderCancelled, { orderId: '1' });
  });
  const { outcome, reason, detail } = await testLedger().deliver(handler, OrderPlaced, order);
  expect({ outcome, reason }).toEqual({ outcome: 'retried', reason: 'transaction-misused' });
  expect(detail).toContain('order.cancelled');
});

test('what is read has the type of the row', () => {
  expectTypeOf(testLedger().read(Stock, { sku: 'a' })).toEqualTypeOf<
    { sku: string; quantity: number; version: number } | undefined
  >();
});

test('a producer is tested as a handler is: what it writes and publishes is there, and can be delivered', async () => {
  const shop = stocked();
  const { environment } = shop;
  await transact(
    (tx) => {
      tx.put(Notes, { orderId: '1', line: 1, text: 'gift' }, { when: 'absent', otherwise: 'duplicate' });
      tx.publish(OrderPlaced, order);
    },
    { environment },
  );
  await publish(OrderPlaced, { ...order, orderId: '2' }, { environment, delay: '1h' });
  await producer.send(OrderPlaced, { ...order, orderId: '3' }, { environment });
  expect(shop.read(Notes, { orderId: '1', line: 1 })?.text).toBe('gift');
  expect(shop.published.map(({ type, key, deliverAt }) => [type, key, deliverAt?.getTime()])).toEqual([
    ['order.placed', '1', undefined],
    ['order.placed', '2', Date.UTC(2026, 0, 1) + 3_600_000],
    ['order.placed', '3', undefined],
  ]);
  const [first, second] = shop.published as [PublishedMessage, PublishedMessage];
  expect((await shop.deliver(reserve, first)).outcome).toBe('handled');
  expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(3);
  expect(await cancel(second.id, { environment })).toMatchObject({ cancelled: true });
  // What a handler publishes stands behind it, in one order.
  expect(shop.published.map(({ type }) => type)).toEqual([...Array(3).fill('order.placed'), 'stock.reserved']);
});

test('a producer whose transaction fails has published nothing', async () => {
  const shop = testLedger().row(Notes, { orderId: '1', line: 1, text: 'there' });
  const placing = transact(
    (tx) => {
      tx.put(Notes, { orderId: '1', line: 1, text: 'gift' }, { when: 'absent', otherwise: 'duplicate' });
      tx.publish(OrderPlaced, order);
    },
    { environment: shop.environment },
  );
  await expect(placing).rejects.toThrow(ConditionFailed);
  expect(shop.published).toEqual([]);
  await expect(publish(OrderPlaced, { ...order, quantity: 0 }, { environment: shop.environment })).rejects.toThrow(
    InvalidPayload,
  );
  expect(shop.environment).toBe(shop.environment);
});
