import type { SQSRecord } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { atLeast } from '../../lib/aws/condition.ts';
import { consume } from '../../lib/consume/consume.ts';
import { Rejected } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import type { Transaction } from '../../lib/transaction/transaction.ts';
import {
  cancelledFor,
  ORDER,
  OrderCancelled,
  OrderPlaced,
  openShop,
  refusedBy,
  replyLost,
  reserving,
  SHOP_NOW,
  Shelf,
  Stock,
  StockReserved,
  takeGoods,
} from './shop.ts';

const placed = (shop: ReturnType<typeof openShop>) => shop.envelopeOf(OrderPlaced, ORDER);

test('the first delivery of a message with a business write and a publish is one call', async () => {
  const shop = openShop();
  shop.stock(5);
  const handler = reserving((order, { tx }) => {
    tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity } });
    tx.publish(StockReserved, { orderId: order.orderId });
  });
  const message = placed(shop);
  expect(await shop.invoke(handler, [shop.queued(message)])).toEqual([]);
  expect(shop.operations()).toEqual(['TransactWriteItems']);
  expect(shop.left()).toBe(3);
  expect(shop.inbox(message.id)).toMatchObject({
    state: 'handled',
    type: 'order.placed',
    attempts: 1,
    hops: { committed: shop.clock.now(), received: shop.clock.now(), ended: shop.clock.now() },
    ended: { function: 'test', request: 'request-1' },
  });
  expect(shop.inbox(message.id)?.published).toHaveLength(1);
});

test.each(['handled', 'duplicate'] as const)(
  'a redelivery of a message that ended as %s is one read, and no handler runs',
  async (state) => {
    const shop = openShop();
    const run = vi.fn();
    const handler = reserving((order, { tx }) => {
      run();
      if (state === 'duplicate') tx.once(order.orderId);
    });
    if (state === 'duplicate') await shop.invoke(handler, [shop.queued(placed(shop))]);
    const message = placed(shop);
    await shop.invoke(handler, [shop.queued(message)]);
    expect(shop.inbox(message.id)?.state).toBe(state);
    run.mockClear();
    shop.calls.length = 0;
    expect(await shop.invoke(handler, [shop.queued(message, { receives: 2 })])).toEqual([]);
    expect(shop.operations()).toEqual(['GetItem']);
    expect(run).not.toHaveBeenCalled();
    expect(shop.summary()).toMatchObject({ already: 1 });
  },
);

test('a redelivery of a message that has not ended is handled', async () => {
  const shop = openShop();
  shop.stock(5);
  await shop.invoke(takeGoods, [shop.queued(placed(shop), { receives: 2 })]);
  expect(shop.operations()).toEqual(['GetItem', 'TransactWriteItems']);
  expect(shop.left()).toBe(3);
});

test('a message that is there twice takes effect once, in one batch and in two', async () => {
  const shop = openShop();
  shop.stock(5);
  const message = placed(shop);
  expect(await shop.invoke(takeGoods, [shop.queued(message), shop.queued(message), shop.streamed(message)])).toEqual(
    [],
  );
  expect(shop.summary()).toMatchObject({ handled: 1, already: 2 });
  expect(await shop.invoke(takeGoods, [shop.queued(message)])).toEqual([]);
  expect(shop.left()).toBe(3);
});

test('another message with the same idempotency key ends as a duplicate without effect, until the key is forgotten', async () => {
  const shop = openShop();
  shop.stock(9);
  const handler = reserving((order, { tx }) => {
    tx.once(order.orderId);
    tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity } });
    tx.publish(StockReserved, { orderId: order.orderId });
  });
  const states: (string | undefined)[] = [];
  for (const pause of [0, 17 * 86_400_000, 1]) {
    shop.clock.pass(pause);
    const message = placed(shop);
    await shop.invoke(handler, [shop.queued(message)]);
    states.push(shop.inbox(message.id)?.state);
  }
  expect(states).toEqual(['handled', 'duplicate', 'handled']);
  expect(shop.left()).toBe(5);
  expect(shop.ledger.items().filter(({ pk }) => pk?.S?.startsWith('out#'))).toHaveLength(2);
});

test('a condition that does not hold is read after the inbox row, and then decided as declared', async () => {
  const outcomes = { deadLetter: 'dead', duplicate: 'duplicate', retry: undefined } as const;
  for (const [otherwise, state] of Object.entries(outcomes)) {
    const shop = openShop();
    shop.stock(1);
    const handler = reserving((order, { tx }) => {
      const when = { quantity: atLeast(order.quantity) };
      tx.update(Stock, { sku: 'a' }, { add: { quantity: -2 }, when, otherwise: otherwise as 'retry' });
    });
    const message = placed(shop);
    const record = shop.queued(message);
    expect(await shop.invoke(handler, [record])).toEqual(otherwise === 'retry' ? [record.messageId] : []);
    expect(shop.operations().slice(0, 2)).toEqual(['TransactWriteItems', 'GetItem']);
    expect(shop.inbox(message.id)?.state).toBe(state);
    expect(shop.left()).toBe(1);
    const detail = "The condition on the row of 'stock' with that sku does not hold";
    expect(await shop.letters()).toMatchObject(otherwise === 'deadLetter' ? [{ detail }] : []);
    const failure = shop.ledger.get(toItem(failureKey('reserve-stock', message.id)));
    expect(failure?.detail?.S).toBe(otherwise === 'retry' ? `ConditionFailed: ${detail}` : undefined);
    expect(shop.failures(message.id)).toBe(otherwise === 'retry' ? '1' : undefined);
  }
});

test.each([
  [
    cancelledFor('None', 'ItemCollectionSizeLimitExceeded'),
    "the row of 'stock' with that sku: ItemCollectionSizeLimitExceeded",
  ],
  [refusedAsAWhole, 'the transaction: It has two actions on one item'],
])('what DynamoDB refuses is named in what comes again: %#', async (refuse, named) => {
  const shop = openShop();
  shop.stock(9);
  shop.next('TransactWriteItems', refuse);
  const message = placed(shop);
  await shop.invoke(takeGoods, [shop.queued(message)]);
  const failure = shop.ledger.get(toItem(failureKey('reserve-stock', message.id)));
  expect(failure?.detail?.S).toBe(`TransactionRefused: DynamoDB refused ${named}`);
});

function refusedAsAWhole(): never {
  throw Object.assign(new Error('It has two actions on one item'), { name: 'ValidationException' });
}

test('a redelivery that races its original sees the effect in a condition, and is taken for what it is', async () => {
  const shop = openShop();
  shop.stock(2);
  const message = placed(shop);
  const handler = reserving((_, { tx }) => {
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -2 }, when: { quantity: atLeast(2) }, otherwise: 'deadLetter' });
  });
  await shop.invoke(handler, [shop.queued(message)]);
  shop.next('TransactWriteItems', cancelledFor('None', 'ConditionalCheckFailed'));
  shop.calls.length = 0;
  expect(await shop.invoke(handler, [shop.queued(message)])).toEqual([]);
  expect(shop.operations()).toEqual(['TransactWriteItems', 'GetItem']);
  expect(shop.summary()).toMatchObject({ already: 1 });
  expect(shop.inbox(message.id)?.state).toBe('handled');
  expect(await shop.letters()).toEqual([]);
});

test('a condition that comes true within 2 s is waited for', async () => {
  const shop = openShop();
  shop.stock(1);
  const message = placed(shop);
  let runs = 0;
  const handler = reserving((order, { tx }) => {
    if (++runs === 3) shop.stock(7);
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -2 }, when: { quantity: atLeast(order.quantity) } });
  });
  await shop.invoke(handler, [shop.queued(message)]);
  expect([runs, shop.left(), shop.inbox(message.id)?.state]).toEqual([3, 5, 'handled']);
});

test('a row that others keep changing has the handler run again for 2 s, then the message comes again, uncounted', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  const message = placed(shop);
  const record = shop.queued(message);
  let busy = true;
  let runs = 0;
  const handler = reserving(async (order, { tx }) => {
    runs++;
    const shelf = await tx.get(Shelf, { sku: order.sku });
    if (busy) {
      const row = shop.engines.dynamodb.table('shelf');
      row.write({ sku: { S: 'a' } }, { sku: { S: 'a' }, quantity: { N: '50' }, version: { N: String(runs) } });
    }
    tx.update(Shelf, { sku: 'a' }, { set: { quantity: (shelf?.quantity ?? 0) - 2 }, otherwise: 'deadLetter' });
  });
  const started = shop.clock.now();
  expect(await shop.invoke(handler, [record])).toEqual([record.messageId]);
  expect(shop.clock.now() - started).toBeGreaterThan(1_000);
  expect(shop.clock.now() - started).toBeLessThan(2_000);
  expect(runs).toBeGreaterThan(2);
  expect([shop.failures(message.id), shop.inbox(message.id)]).toEqual([undefined, undefined]);
  busy = false;
  expect(await shop.invoke(handler, [shop.queued(message, { receives: 2 })])).toEqual([]);
  expect(shop.rows(Shelf)).toMatchObject([{ quantity: 48, version: runs }]);
});

test('a commit whose reply was lost counts once', async () => {
  const shop = openShop();
  shop.stock(5);
  shop.next('TransactWriteItems', replyLost, replyLost);
  const message = placed(shop);
  expect(await shop.invoke(takeGoods, [shop.queued(message)])).toEqual([]);
  expect([shop.left(), shop.inbox(message.id)?.state]).toEqual([3, 'handled']);
});

test('a commit whose outcome stays unknown is left to the redelivery, uncounted, which finds it done', async () => {
  const shop = openShop();
  shop.stock(5);
  shop.from('TransactWriteItems', replyLost);
  const message = placed(shop);
  const record = shop.queued(message);
  expect(await shop.invoke(takeGoods, [record])).toEqual([record.messageId]);
  expect(shop.failures(message.id)).toBeUndefined();
  shop.from('TransactWriteItems', undefined);
  shop.calls.length = 0;
  expect(await shop.invoke(takeGoods, [shop.queued(message, { receives: 2 })])).toEqual([]);
  expect([shop.operations(), shop.left()]).toEqual([['GetItem'], 3]);
});

test('throttling never fills the dead-letter queue', async () => {
  const shop = openShop();
  shop.stock(5);
  shop.from('TransactWriteItems', cancelledFor('ThrottlingError', 'None'));
  const message = placed(shop);
  for (let receives = 1; receives <= 12; receives++) {
    expect(await shop.invoke(takeGoods, [shop.queued(message, { receives })], { milliseconds: 3_000 })).toHaveLength(1);
  }
  expect([shop.failures(message.id), await shop.letters()]).toEqual(['0', []]);
});

test('an error of another AWS service that may pass is no attempt either', async () => {
  const shop = openShop();
  const handler = reserving(() => refusedBy('ThrottlingException')(() => ({}), { operation: '', input: {} }) as never);
  const message = placed(shop);
  expect(await shop.invoke(handler, [shop.queued(message)])).toHaveLength(1);
  expect(shop.failures(message.id)).toBeUndefined();
});

test('a rejected message is dead-lettered at once, with its bytes and the reason', async () => {
  const shop = openShop();
  const message = placed(shop);
  const record = shop.queued(message);
  const handler = reserving(() => {
    throw new Rejected('the order was refunded');
  });
  expect(await shop.invoke(handler, [record])).toEqual([]);
  expect(shop.inbox(message.id)).toMatchObject({ state: 'dead', reason: 'rejected', detail: 'the order was refunded' });
  const [letter] = await shop.letters();
  expect(letter).toMatchObject({ reason: 'rejected', subscriber: 'reserve-stock', id: message.id });
  expect(Buffer.from(letter?.bytes ?? []).toString()).toBe(record.body);
});

test('failed attempts are counted, and the last one gives the message up', async () => {
  const shop = openShop();
  const message = placed(shop);
  const handler = reserving(() => {
    throw new TypeError('nothing works');
  });
  for (const receives of [1, 2, 3, 4]) {
    expect(await shop.invoke(handler, [shop.queued(message, { receives })])).toHaveLength(1);
    expect(shop.failures(message.id)).toBe(String(receives));
  }
  expect(await shop.invoke(handler, [shop.queued(message, { receives: 5 })])).toEqual([]);
  expect(shop.inbox(message.id)).toMatchObject({ state: 'dead', reason: 'attempts-exhausted', attempts: 5 });
  expect(await shop.letters()).toMatchObject([
    { reason: 'attempts-exhausted', detail: expect.stringContaining('nothing works') },
  ]);
  expect(shop.environment.lines.filter(({ message: text }) => text === 'dead-lettered')).toMatchObject([
    { level: 'warn', fields: { subscriber: 'reserve-stock', messageId: message.id, reason: 'attempts-exhausted' } },
  ]);
});

test('what throws something that is no error is counted too', async () => {
  const shop = openShop();
  const message = placed(shop);
  const handler = reserving(() => {
    // biome-ignore lint/style/useThrowOnlyError: handlers of others do
    throw 'tantrum';
  });
  await shop.invoke(handler, [shop.queued(message)]);
  expect(shop.failures(message.id)).toBe('1');
});

test('the row that says dead comes before the letter, and a letter that was not sent is sent by the redelivery', async () => {
  const shop = openShop();
  const message = placed(shop);
  const run = vi.fn();
  const handler = reserving(() => {
    run();
    throw new Rejected('no');
  });
  shop.from('SendMessageBatch', refusedBy('ServiceUnavailable', 'server'));
  const record = shop.queued(message);
  expect(await shop.invoke(handler, [record])).toEqual([record.messageId]);
  expect(shop.operations().slice(0, 2)).toEqual(['TransactWriteItems', 'UpdateItem']);
  expect(shop.operations()[2]).toBe('SendMessageBatch');
  expect(shop.inbox(message.id)).toMatchObject({ state: 'dead', reason: 'rejected' });
  shop.from('SendMessageBatch', undefined);
  expect(await shop.invoke(handler, [shop.queued(message, { receives: 2 })])).toEqual([]);
  expect(run).toHaveBeenCalledOnce();
  expect(await shop.letters()).toMatchObject([{ reason: 'rejected', detail: 'no', id: message.id }]);
});

test('a dead-letter queue that is not there for a while is no attempt of the message, and changes no reason', async () => {
  const shop = openShop();
  const message = placed(shop);
  const handler = reserving(() => {
    throw new Rejected('no');
  });
  shop.from('SendMessageBatch', refusedBy('ServiceUnavailable', 'server'));
  for (let receives = 1; receives <= 8; receives++) await shop.invoke(handler, [shop.queued(message, { receives })]);
  expect(shop.failures(message.id)).toBeUndefined();
  shop.from('SendMessageBatch', undefined);
  await shop.invoke(handler, [shop.queued(message, { receives: 9 })]);
  expect(await shop.letters()).toMatchObject([{ reason: 'rejected' }]);
});

test('a redrive overwrites dead, and nothing else', async () => {
  const shop = openShop();
  shop.stock(9);
  let rejects = true;
  const handler = reserving((order, { tx }) => {
    if (rejects) throw new Rejected('not yet');
    tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity } });
  });
  const message = placed(shop);
  await shop.invoke(handler, [shop.queued(message)]);
  await shop.invoke(handler, [shop.queued(message, { redriven: true })]);
  expect(shop.inbox(message.id)?.state).toBe('dead');
  rejects = false;
  await shop.invoke(handler, [shop.queued(message, { redriven: true })]);
  expect([shop.inbox(message.id)?.state, shop.left()]).toEqual(['handled', 7]);
  await shop.invoke(handler, [shop.queued(message, { redriven: true })]);
  expect([shop.summary().already, shop.left()]).toEqual([1, 7]);
});

test('a redrive that races another delivery overwrites nothing but dead', async () => {
  const shop = openShop();
  shop.stock(9);
  const message = placed(shop);
  shop.next('GetItem', (apply) => {
    const before = apply();
    // The other delivery ends between this one's reading and its commit.
    const handled = { ...toItem({ ...inboxKey('reserve-stock', message.id), state: 'handled' }) };
    shop.ledger.write(shop.ledger.keyOf(handled), handled);
    return before;
  });
  expect(await shop.invoke(takeGoods, [shop.queued(message, { redriven: true })])).toEqual([]);
  expect([shop.summary().already, shop.inbox(message.id)?.state, shop.left()]).toEqual([1, 'handled', 9]);
});

test('a redriven message of which nothing says how it ended takes effect once', async () => {
  const shop = openShop();
  shop.stock(5);
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  for (let count = 0; count < 2; count++) {
    expect(await shop.invoke(takeGoods, [shop.queued(message, { redriven: true })])).toEqual([]);
  }
  expect([shop.inbox(message.id)?.state, shop.left()]).toEqual(['handled', 3]);
});

test('a redriven message has all its attempts again', async () => {
  const shop = openShop();
  const message = placed(shop);
  const handler = reserving(() => {
    throw new Error('still broken');
  });
  for (const receives of [1, 2, 3, 4, 5]) await shop.invoke(handler, [shop.queued(message, { receives })]);
  expect(shop.inbox(message.id)?.state).toBe('dead');
  for (const receives of [1, 2, 3, 4]) {
    expect(await shop.invoke(handler, [shop.queued(message, { receives, redriven: true })])).toHaveLength(1);
  }
  expect(await shop.invoke(handler, [shop.queued(message, { receives: 5, redriven: true })])).toEqual([]);
  expect(await shop.letters()).toHaveLength(2);
});

test('an expired message is dead-lettered, unless it has ended already', async () => {
  const shop = openShop();
  shop.stock(9);
  const [ended, late] = [placed(shop), placed(shop)];
  await shop.invoke(takeGoods, [shop.queued(ended)]);
  shop.clock.pass(14 * 86_400_000);
  expect(
    await shop.invoke(takeGoods, [shop.queued(ended, { receives: 2 }), shop.queued(late, { receives: 2 })]),
  ).toEqual([]);
  expect(shop.summary()).toMatchObject({ already: 1, dead: 1 });
  expect([shop.inbox(ended.id)?.state, shop.inbox(late.id)?.reason, shop.left()]).toEqual(['handled', 'expired', 7]);
});

const OrderPlacedV2 = defineEvent('order.placed', {
  version: 2,
  schema: z.object({ orderId: z.string(), lines: z.array(z.object({ sku: z.string(), quantity: z.int() })) }),
  key: (order) => order.orderId,
  businessLine: 'orders',
  upgrades: {
    from: OrderPlaced,
    by: ({ orderId, sku, quantity }) => {
      if (sku === 'unknown') throw new Error('no such goods');
      return { orderId, lines: [{ sku, quantity }] };
    },
  },
});

test('a newer version comes again until the deploy that knows it, uncounted', async () => {
  const shop = openShop();
  const newer = shop.envelopeOf(OrderPlacedV2, { orderId: '1', lines: [] });
  for (let receives = 1; receives <= 12; receives++) {
    expect(await shop.invoke(takeGoods, [shop.queued(newer, { receives })])).toHaveLength(1);
  }
  expect([shop.failures(newer.id), shop.inbox(newer.id), await shop.letters()]).toEqual(['0', undefined, []]);
});

test('an older version is upgraded, and an upgrade that throws is counted', async () => {
  const shop = openShop();
  const seen: unknown[] = [];
  const Newer = defineSubscriber('reserve-stock', { consumes: [OrderPlacedV2] });
  const handler = consume(Newer, (order, { message }) => {
    seen.push(order, message.version);
  });
  const broken = shop.envelopeOf(OrderPlaced, { ...ORDER, sku: 'unknown' });
  expect(await shop.invoke(handler, [shop.queued(placed(shop)), shop.queued(broken)])).toHaveLength(1);
  expect(seen).toEqual([{ orderId: '1', lines: [{ sku: 'a', quantity: 2 }] }, 1]);
  expect(shop.failures(broken.id)).toBe('1');
});

test('an unknown type is skipped on a stream without a row', async () => {
  const shop = openShop();
  expect(await shop.invoke(takeGoods, [shop.streamed(shop.envelopeOf(OrderCancelled, { orderId: '1' }))])).toEqual([]);
  expect(shop.summary()).toMatchObject({ skipped: 1 });
  expect(shop.written()).toHaveLength(0);
});

test('an unknown type in a queue comes again until the deploy that consumes it, uncounted, and says when', async () => {
  const shop = openShop();
  const message = shop.envelopeOf(OrderCancelled, { orderId: '1' });
  for (let receives = 1; receives <= 12; receives++) {
    expect(await shop.invoke(takeGoods, [shop.queued(message, { receives })])).toHaveLength(1);
  }
  expect([shop.inbox(message.id), await shop.letters()]).toEqual([undefined, []]);
  const row = { attempts: 0, reason: 'unknown-event-type', next: shop.clock.now() + 144_000 };
  expect(shop.written()).toEqual([expect.objectContaining(row)]);

  const Both = defineSubscriber('reserve-stock', { consumes: [OrderPlaced, OrderCancelled] });
  const deployed = consume(Both, { 'order.placed': () => undefined, 'order.cancelled': () => undefined });
  expect(await shop.invoke(deployed, [shop.queued(message, { receives: 13 })])).toEqual([]);
  expect(shop.inbox(message.id)).toMatchObject({ state: 'handled' });
});

test('a wait for a deploy lasts as long as the message lives, in less than 100 deliveries', async () => {
  const shop = openShop();
  const message = shop.envelopeOf(OrderCancelled, { orderId: '1' });
  const record = shop.queued(message);
  const sent = shop.clock.now();
  let receives = 1;
  for (; (await shop.invoke(takeGoods, [received(record, receives)])).length > 0; receives++) {
    const [row] = shop.written();
    shop.clock.pass(Number(row?.next) - shop.clock.now());
  }
  expect(receives).toBeLessThan(100);
  expect(shop.clock.now() - sent).toBeLessThanOrEqual(14 * 86_400_000 + 1_000);
  expect(await shop.letters()).toMatchObject([{ reason: 'expired' }]);
});

test('what keeps being undecided says when it comes again, without an attempt', async () => {
  const shop = openShop();
  shop.stock(5);
  const message = placed(shop);
  shop.from('TransactWriteItems', refusedBy('ThrottlingException'));
  await shop.invoke(takeGoods, [shop.queued(message, { receives: 12 })]);
  expect(shop.written()).toEqual([expect.objectContaining({ attempts: 0, next: shop.clock.now() + 144_000 })]);
});

/** The record as it is received for the nth time. */
function received(record: SQSRecord, receives: number): SQSRecord {
  return { ...record, attributes: { ...record.attributes, ApproximateReceiveCount: String(receives) } };
}

test('a message of another ledger, or that would live too long, is dead-lettered as such', async () => {
  const shop = openShop();
  const lasting = { ...placed(shop), expires: '9999-12-31T00:00:00.000Z' };
  const foreign = { ...placed(shop), ledger: 'another', expires: '9999-12-31T00:00:00.000Z' };
  expect(await shop.invoke(takeGoods, [shop.queued(lasting), shop.streamed(foreign)])).toEqual([]);
  const reasons = (await shop.letters()).map(({ reason }) => reason).sort();
  expect(reasons).toEqual(['foreign-ledger', 'lifetime-exceeded']);
  const kept = (SHOP_NOW + (14 + 3) * 86_400_000) / 1000;
  expect(shop.inbox(lasting.id)).toMatchObject({ state: 'dead', reason: 'lifetime-exceeded', ttl: kept });
  expect(shop.inbox(foreign.id)).toBeUndefined();
});

test('a message of another ledger under the id of one of this ledger does not end that one', async () => {
  const shop = openShop();
  shop.stock(5);
  const message = placed(shop);
  await shop.invoke(takeGoods, [shop.queued({ ...message, ledger: 'another' })]);
  expect((await shop.letters()).map(({ reason }) => reason)).toEqual(['foreign-ledger']);
  await shop.invoke(takeGoods, [shop.queued(message)]);
  expect(shop.inbox(message.id)).toMatchObject({ state: 'handled' });
});

test('the lifetime is that of the version with which a message was published', async () => {
  const shop = openShop();
  const { type, schema, key, businessLine } = OrderPlaced;
  const Short = defineEvent(type, {
    ...{ schema, key, businessLine, version: 2, lifetime: '1h' },
    upgrades: { from: OrderPlaced, by: (old) => old },
  });
  const handler = consume(defineSubscriber('reserve-stock', { consumes: [Short] }), () => undefined);
  const [old, late] = [placed(shop), { ...placed(shop), version: 2 }];
  await shop.invoke(handler, [shop.queued(old), shop.queued(late)]);
  expect([shop.inbox(old.id)?.state, shop.inbox(late.id)?.reason]).toEqual(['handled', 'lifetime-exceeded']);
});

test('an invalid payload is dead-lettered, naming the field and not its value', async () => {
  const shop = openShop();
  const message = { ...placed(shop), data: { ...ORDER, quantity: 'a-secret' } };
  await shop.invoke(takeGoods, [shop.queued(message)]);
  const [letter] = await shop.letters();
  expect(letter).toMatchObject({ reason: 'invalid-payload', detail: expect.stringContaining('quantity') });
  expect(letter?.detail).not.toContain('a-secret');
});

test('several events have a handler each', async () => {
  const shop = openShop();
  const seen: string[] = [];
  const Both = defineSubscriber('reserve-stock', { consumes: [OrderPlaced, OrderCancelled] });
  const handler = consume(Both, {
    'order.placed': (order) => void seen.push(`placed ${order.sku}`),
    'order.cancelled': (order, { message }) => void seen.push(`${message.type} ${order.orderId}`),
  });
  await shop.invoke(handler, [
    shop.queued(placed(shop)),
    shop.queued(shop.envelopeOf(OrderCancelled, { orderId: '7' })),
  ]);
  expect(seen).toEqual(['placed a', 'order.cancelled 7']);
});

test('a handler sees the message, and how often it has come', async () => {
  const shop = openShop();
  const message = placed(shop);
  let seen: unknown;
  const handler = reserving((_, context) => {
    seen = context.message;
  });
  await shop.invoke(handler, [shop.queued(message, { receives: 3 })]);
  expect(seen).toEqual({
    id: message.id,
    type: 'order.placed',
    version: 1,
    key: '1',
    time: new Date(message.time),
    correlationId: message.id,
    traceparent: message.traceparent,
    expires: new Date(message.expires),
    attempt: 3,
    effect: expect.any(Function),
  });
});

test('a transaction that is used after its handler returned throws, and nothing is lost in silence', async () => {
  const shop = openShop();
  shop.stock(5);
  let escaped: Transaction | undefined;
  const handler = reserving((_, { tx }) => {
    escaped = tx as Transaction;
  });
  await shop.invoke(handler, [shop.queued(placed(shop))]);
  const tx = escaped as Transaction;
  const misused = expect.objectContaining({ code: 'transaction-misused' });
  expect(() => tx.update(Stock, { sku: 'a' }, { add: { quantity: 1 } })).toThrow(misused);
  expect(() => tx.publish(StockReserved, { orderId: '1' })).toThrow(misused);
  expect(() => tx.once('key')).toThrow(misused);
  expect(() => tx.raw({})).toThrow(misused);
  await expect(tx.get(Stock, { sku: 'a' })).rejects.toEqual(misused);
});

test('middlewares wrap the whole batch', async () => {
  const shop = openShop();
  shop.stock(5);
  const seen: unknown[] = [];
  const handler = reserving((order, { tx }) => {
    tx.update(Stock, { sku: order.sku }, { add: { quantity: -1 } });
  }).use([
    { before: (request) => void seen.push((request.event as { Records: unknown[] }).Records.length) },
    { after: (request) => void seen.push(request.response) },
  ]);
  await shop.invoke(handler, [shop.queued(placed(shop)), shop.queued(placed(shop))]);
  expect(seen).toEqual([2, { batchItemFailures: [] }]);
  expect(shop.left()).toBe(3);
});

test('declarations that cannot work are refused when the function is loaded', () => {
  const Both = defineSubscriber('both', { consumes: [OrderPlaced, OrderCancelled] });
  const loose = consume as (subscriber: typeof Both, handlers: unknown, options?: object) => unknown;
  const invalid = expect.objectContaining({ code: 'invalid-definition' });
  expect(() => loose(Both, () => undefined)).toThrow(invalid);
  expect(() => loose(Both, { 'order.placed': () => undefined })).toThrow("no handler for 'order.cancelled'");
  for (const concurrency of [0, 101, 1.5]) {
    expect(() =>
      consume(Both, { 'order.placed': () => undefined, 'order.cancelled': () => undefined }, { concurrency }),
    ).toThrow(invalid);
  }
});

/** Of work that comes too late, and that nobody waits for. */
const ignored = () => undefined;

test.for<[mistake: string, handler: Parameters<typeof reserving>[0]]>([
  [
    'forgets to wait for a read',
    (order, { tx }) => {
      const write = () => tx.update(Stock, { sku: order.sku }, { add: { quantity: -1 } });
      tx.get(Stock, { sku: order.sku }).then(write).catch(ignored);
    },
  ],
  [
    'reads in a loop that nobody waits for',
    (order, { tx }) => {
      const read = async (sku: string) => {
        await tx.get(Stock, { sku });
        tx.update(Stock, { sku }, { add: { quantity: -1 } });
      };
      for (const sku of [order.sku]) read(sku).catch(ignored);
    },
  ],
  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript lets users write
  ['is a generator', function* () {} as any],
  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript lets users write
  ['answers with something', (() => ({ batchItemFailures: [] })) as any],
  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript lets users write
  ['promises null', (async () => null) as any],
])('a handler that %s fails before anything commits', async ([, handler]) => {
  const shop = openShop();
  shop.stock(9);
  const message = placed(shop);
  const record = shop.queued(message);
  expect(await shop.invoke(reserving(handler), [record])).toEqual([record.messageId]);
  expect(shop.inbox(message.id)).toBeUndefined();
  expect([shop.left(), shop.failures(message.id)]).toEqual([9, '1']);
  const row = shop.ledger.rows().find(({ pk }) => String(pk).startsWith('fail#'));
  expect(row?.detail).toMatch(/The handler (?:answered with something|returned while 1 of its reads)/);
});

test('a transaction that is used after its handler has returned throws, and is logged and counted', async () => {
  const shop = openShop();
  shop.stock(9);
  let late: unknown;
  const handler = reserving((_, { tx }) => {
    queueMicrotask(async () => {
      await shop.clock.sleep(1_000);
      try {
        tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 } });
      } catch (error) {
        late = error;
      }
    });
  });
  const message = placed(shop);
  await shop.invoke(handler, [shop.queued(message)]);
  expect(shop.inbox(message.id)).not.toHaveProperty('late');
  await shop.clock.advance(2_000);
  expect(late).toMatchObject({ code: 'transaction-misused' });
  // Its invocation is over: what is said of it goes out when the process runs again.
  await vi.waitFor(() => expect(shop.inbox(message.id)).toMatchObject({ state: 'handled', late: expect.any(Number) }));
  expect(shop.environment.lines).toContainEqual(expect.objectContaining({ message: 'transaction used too late' }));
});

test('an idempotency key is kept as long as a copy of its message can come; a shorter time is refused', async () => {
  const shop = openShop();
  const message = placed(shop);
  const kept = async (keep?: '24h' | '30d' | 'forever') => {
    let refused: unknown;
    const handler = reserving((order, { tx }) => {
      try {
        tx.once(`${order.orderId} ${keep}`, keep && { keep });
      } catch (error) {
        refused = error;
        throw error;
      }
    });
    const another = placed(shop);
    await shop.invoke(handler, [shop.queued(another)]);
    const row = shop.written().find(({ pk }) => String(pk).startsWith('once#') && String(pk).endsWith(String(keep)));
    return { refused, row };
  };
  const lastCopy = Date.parse(message.expires) + 3 * 86_400_000;
  expect((await kept()).row?.until).toBeGreaterThanOrEqual(lastCopy);
  expect((await kept('30d')).row?.until).toBeGreaterThan(lastCopy);
  expect((await kept('forever')).row).toMatchObject({ until: Number.MAX_SAFE_INTEGER });
  expect((await kept('forever')).row?.ttl).toBeUndefined();
  expect((await kept('24h')).refused).toMatchObject({
    code: 'transaction-misused',
    message: expect.stringContaining('24h'),
  });
});
