import { expect, test } from 'vitest';
import { z } from 'zod';
import { atLeast } from '../../lib/aws/condition.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { messageTime } from '../../lib/message/message-id.ts';
import { type ProducerTransaction, publish, transact } from '../../lib/publish/publish.ts';
import {
  cancelledFor,
  ORDER,
  OrderPlaced,
  openShop,
  refusedBy,
  replyLost,
  Shelf,
  type Shop,
  Stock,
  StockReserved,
} from '../consume/shop.ts';
import { requestLost } from '../faults.ts';

const outbox = (shop: Shop) => shop.written().map(({ envelope }) => decodeEnvelope(String(envelope)));

test('whoever publishes without a name is called `producer`', async () => {
  const shop = openShop();
  const { id } = await publish(OrderPlaced, ORDER, shop);
  expect(outbox(shop)).toMatchObject([{ id, source: '/ledger/producer' }]);
});

test('a published message is committed by one call, and its id is returned', async () => {
  const shop = openShop({ variables: { [BINDINGS.producer]: 'web-shop' } });
  const { id } = await publish(OrderPlaced, ORDER, shop);
  expect(shop.environment.usage).toEqual({ calls: { PutItem: 1 }, writeUnits: 1, readUnits: 0 });
  expect(outbox(shop)).toMatchObject([
    { id, source: '/ledger/web-shop', type: 'order.placed', data: ORDER, correlationid: id },
  ]);
});

test('the wire carries the input of the schema', async () => {
  const shop = openShop();
  const Padded = defineEvent('order.padded', {
    schema: z.object({ orderId: z.string().trim(), note: z.string().default('none') }),
    key: ({ orderId }) => orderId,
    businessLine: 'orders',
  });
  await publish(Padded, { orderId: ' 1 ' }, shop);
  expect(outbox(shop)).toMatchObject([{ data: { orderId: ' 1 ' }, partitionkey: '1' }]);
});

test.each([
  ['a payload that does not fit', { ...ORDER, quantity: 0 }, 'invalid-payload'],
  ['a payload that is too large', { ...ORDER, sku: 'x'.repeat(400 * 1024) }, 'limit-exceeded'],
  ['a key that is too long', { ...ORDER, orderId: 'x'.repeat(257) }, 'limit-exceeded'],
])('%s is refused before anything is sent', async (_, payload, code) => {
  const shop = openShop();
  await expect(publish(OrderPlaced, payload, shop)).rejects.toMatchObject({ code });
  expect(shop.calls).toEqual([]);
});

test('business writes and messages are committed together, and the ids come in their order', async () => {
  const shop = openShop();
  const { ids } = await transact((tx) => {
    tx.put(Stock, { sku: 'a', quantity: 1 }, { when: 'absent' });
    tx.publish(OrderPlaced, ORDER);
    tx.publish(StockReserved, { orderId: '1' });
  }, shop);
  expect(shop.operations()).toEqual(['TransactWriteItems']);
  const types = Object.fromEntries(outbox(shop).map(({ id, type }) => [id, type]));
  expect(ids.map((id) => types[id])).toEqual(['order.placed', 'stock.reserved']);
  expect(shop.rows()).toHaveLength(1);
});

test.each(['deadLetter', 'duplicate'] as const)(
  'a condition that does not hold (%s) throws, and nothing is applied',
  async (otherwise) => {
    const shop = openShop();
    shop.stock(5);
    const transacted = transact((tx) => {
      tx.put(Stock, { sku: 'a', quantity: 1 }, { when: 'absent', otherwise });
      tx.publish(OrderPlaced, ORDER);
    }, shop);
    await expect(transacted).rejects.toMatchObject({
      code: 'condition-failed',
      message: expect.stringContaining('stock'),
    });
    expect([outbox(shop), shop.left(), shop.calls.length]).toEqual([[], 5, 1]);
  },
);

test('a condition may come true within 2 s, then it throws', async () => {
  const shop = openShop();
  shop.stock(1);
  let runs = 0;
  const take = (tx: ProducerTransaction) => {
    runs++;
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -2 }, when: { quantity: atLeast(2) } });
    tx.publish(OrderPlaced, ORDER);
  };
  const started = shop.clock.now();
  await expect(transact(take, shop)).rejects.toMatchObject({ code: 'condition-failed' });
  expect(shop.clock.now() - started).toBeLessThan(2_000);
  expect(runs).toBeGreaterThan(3);
  runs = 0;
  await transact((tx) => {
    if (runs === 2) shop.stock(9);
    take(tx);
  }, shop);
  expect([runs, shop.left(), outbox(shop).length]).toEqual([3, 7, 1]);
});

test('each run has a fresh transaction and fresh ids', async () => {
  const shop = openShop();
  shop.next('TransactWriteItems', cancelledFor('None', 'ConditionalCheckFailed'));
  const minted: string[] = [];
  const { ids } = await transact((tx) => {
    minted.push(tx.publish(OrderPlaced, ORDER));
    tx.put(Stock, { sku: 'a', quantity: 1 });
  }, shop);
  expect(new Set(minted).size).toBe(2);
  expect(ids).toEqual([minted[1]]);
  expect(outbox(shop).map(({ id }) => id)).toEqual(ids);
});

test('a row that others keep changing is undecided, not a condition', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  let version = 0;
  const transacted = transact(async (tx) => {
    await tx.get(Shelf, { sku: 'a' });
    version++;
    shop.engines.dynamodb
      .table('shelf')
      .write({ sku: { S: 'a' } }, { sku: { S: 'a' }, quantity: { N: '5' }, version: { N: `${version}` } });
    tx.update(Shelf, { sku: 'a' }, { add: { quantity: -1 }, otherwise: 'deadLetter' });
  }, shop);
  await expect(transacted).rejects.toMatchObject({
    code: 'commit-undecided',
    message: expect.stringContaining('nothing was applied'),
  });
});

test('a commit whose reply was lost publishes once', async () => {
  const shop = openShop();
  shop.next('PutItem', replyLost, replyLost);
  const { id } = await publish(OrderPlaced, ORDER, shop);
  expect(outbox(shop).map((one) => one.id)).toEqual([id]);
});

test('what stays unknown for 60 s from the publishing is said to be unknown', async () => {
  const shop = openShop();
  shop.from('PutItem', requestLost);
  const started = shop.clock.now();
  await expect(publish(OrderPlaced, ORDER, shop)).rejects.toMatchObject({ code: 'commit-undecided' });
  expect(shop.clock.now() - started).toBeLessThan(60_000);
  expect(shop.clock.now() - started).toBeGreaterThan(58_000);
});

test('no message is committed more than 60 s after its id was minted', async () => {
  const shop = openShop();
  const sentAt: number[] = [];
  shop.from('PutItem', () => {
    sentAt.push(shop.clock.now());
    return refusedBy('ThrottlingException')(() => ({}), { operation: '', input: {} });
  });
  let id = '';
  const slow = (pause: number) =>
    transact(async (tx) => {
      id = tx.publish(OrderPlaced, ORDER);
      await shop.clock.sleep(pause);
    }, shop);
  await expect(slow(50_000)).rejects.toMatchObject({ code: 'commit-undecided' });
  expect(sentAt.length).toBeGreaterThan(3);
  for (const moment of sentAt) expect(moment).toBeLessThan(messageTime(id) + 60_000);
  sentAt.length = 0;
  await expect(slow(60_000)).rejects.toMatchObject({
    code: 'transaction-misused',
    message: expect.stringContaining('publish last'),
  });
  expect(sentAt).toEqual([]);
});

test('what DynamoDB refuses for good throws, naming the row', async () => {
  const shop = openShop();
  shop.stock(5);
  const transacted = transact((tx) => {
    tx.publish(OrderPlaced, ORDER);
    tx.raw({
      Update: {
        TableName: 'stock',
        Key: { sku: { S: 'a' } },
        UpdateExpression: 'SET a.b = :v',
        ExpressionAttributeValues: { ':v': { N: '1' } },
      },
    });
  }, shop);
  await expect(transacted).rejects.toMatchObject({
    code: 'transaction-refused',
    message: expect.stringContaining('a raw action'),
  });
  expect(outbox(shop)).toEqual([]);
});

test('what the function throws comes through, and nothing is sent', async () => {
  const shop = openShop();
  const transacted = transact((tx) => {
    tx.publish(OrderPlaced, ORDER);
    throw new RangeError('sold out');
  }, shop);
  await expect(transacted).rejects.toThrow(RangeError);
  expect(shop.calls).toEqual([]);
});

test('an empty transaction, and one that is used afterwards, are mistakes', async () => {
  const shop = openShop();
  await expect(transact(() => undefined, shop)).rejects.toMatchObject({ code: 'transaction-misused' });
  let escaped: ProducerTransaction | undefined;
  await transact((tx) => {
    tx.publish(OrderPlaced, ORDER);
    escaped = tx;
  }, shop);
  expect(() => escaped?.publish(OrderPlaced, ORDER)).toThrow(expect.objectContaining({ code: 'transaction-misused' }));
});

test.each([BINDINGS.ledger, BINDINGS.shards])('a function without %s is told which call to add', async (variable) => {
  const shop = openShop({ variables: { [variable]: undefined } });
  const published = publish(OrderPlaced, ORDER, shop);
  await expect(published).rejects.toMatchObject({
    code: 'missing-binding',
    message: expect.stringContaining('grantPublish'),
  });
  await expect(published).rejects.toThrow(variable);
});

test('a delayed message is committed at once, with the moment from which it may be handled', async () => {
  const shop = openShop();
  const deliverAt = new Date(shop.clock.now() + 3_600_000);
  await publish(OrderPlaced, ORDER, { ...shop, delay: '1h' });
  await publish(OrderPlaced, ORDER, { ...shop, deliverAt });
  await transact((tx) => {
    tx.publish(OrderPlaced, ORDER, { delay: '1h' });
    tx.publish(OrderPlaced, ORDER, { deliverAt });
  }, shop);
  expect(outbox(shop).map(({ deliverat, time }) => [deliverat, time])).toEqual(
    Array(4).fill([deliverAt.toISOString(), new Date(shop.clock.now()).toISOString()]),
  );
  const lifetime = 14 * 86_400_000;
  expect(outbox(shop).map(({ expires }) => Date.parse(expires) - deliverAt.getTime())).toEqual(Array(4).fill(lifetime));
  expect(shop.operations()).toEqual(['PutItem', 'PutItem', 'TransactWriteItems']);
});

test('a message whose moment has passed is one that is due at once', async () => {
  const shop = openShop();
  await publish(OrderPlaced, ORDER, { ...shop, deliverAt: new Date(0) });
  expect(outbox(shop)[0]).not.toHaveProperty('deliverat');
});

test.each([
  ['of more than a year', { delay: '367d' }, 'limit-exceeded'],
  ['in a form that says nothing', { delay: 5 }, 'invalid-definition'],
  ['to a moment that is no date', { deliverAt: 'tomorrow' }, 'invalid-definition'],
  ['in two ways', { delay: '1s', deliverAt: new Date(0) }, 'invalid-definition'],
])('a delay %s is refused before anything is sent', async (_, delay, code) => {
  const shop = openShop();
  await expect(publish(OrderPlaced, ORDER, { ...shop, ...(delay as object) })).rejects.toMatchObject({ code });
  const writing = transact((tx) => {
    tx.put(Stock, { sku: 'a', quantity: 1 });
    tx.publish(OrderPlaced, ORDER, delay as object);
  }, shop);
  await expect(writing).rejects.toMatchObject({ code });
  expect(shop.calls).toEqual([]);
});
