import { type } from 'arktype';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { bindingsOf } from '../../lib/aws/bindings.ts';
import {
  absent,
  atLeast,
  atMost,
  Comparison,
  lessThan,
  moreThan,
  not,
  oneOf,
  present,
  type When,
} from '../../lib/aws/condition.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { messageTime } from '../../lib/message/message-id.ts';
import { commit } from '../../lib/transaction/commit.ts';
import type { CommitResult } from '../../lib/transaction/outcome.ts';
import { PendingTransaction } from '../../lib/transaction/pending-transaction.ts';
import { OrderCancelled, OrderPlaced, openShop, Shelf, type Shop, Stock, StockReserved } from '../consume/shop.ts';

type StockRow = z.infer<typeof Stock.item & z.ZodType>;

const Lines = defineTable('lines', {
  item: z.object({ order: z.string(), line: z.int(), text: z.string() }),
  partitionKey: 'order',
  sortKey: 'line',
});

function begin(shop: Shop, more: Partial<ConstructorParameters<typeof PendingTransaction>[0]> = {}) {
  const { environment } = shop;
  return new PendingTransaction({ environment, bindings: bindingsOf(environment), owner: 'test', ...more });
}

/** What comes of a transaction of these writes. */
async function decide(shop: Shop, write: (tx: PendingTransaction) => Promise<void> | void): Promise<CommitResult> {
  const tx = begin(shop);
  await write(tx);
  tx.close();
  return commit(shop.environment, tx.actions, shop.clock.now() + 1_000);
}

const misused = expect.objectContaining({ code: 'transaction-misused' });

test('a put writes the whole row, validated', async () => {
  const shop = openShop();
  shop.stock(5);
  await decide(shop, (tx) => tx.put(Stock, { sku: 'a', quantity: 7 }));
  expect(shop.rows()).toEqual([{ sku: 'a', quantity: 7 }]);
  expect(() => begin(shop).put(Stock, { sku: 'a', quantity: 0.5 })).toThrow('quantity');
});

test('an update sets, adds and removes columns, and creates a row that is not there where it says so', async () => {
  const shop = openShop();
  const change = { set: { note: 'new' }, add: { quantity: 3 } };
  const refused = await decide(shop, (tx) => tx.update(Stock, { sku: 'a' }, change));
  expect([refused.kind, shop.rows()]).toEqual(['conditionFailed', []]);
  await decide(shop, (tx) => tx.update(Stock, { sku: 'a' }, { ...change, create: true }));
  expect(shop.rows()).toEqual([{ sku: 'a', quantity: 3, note: 'new' }]);
  await decide(shop, (tx) => tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 }, remove: ['note'] }));
  expect(shop.rows()).toEqual([{ sku: 'a', quantity: 2 }]);
});

test('an update writes no column that the schema refuses, and removes none that it requires', () => {
  const tx = begin(openShop());
  const refused = { code: 'invalid-payload', fields: ['quantity'] };
  const change = (given: object) => () => tx.update(Stock, { sku: 'a' }, given);
  expect(change({ set: { quantity: 'text' } })).toThrow(expect.objectContaining(refused));
  expect(change({ set: { quantity: 0.5 }, create: true })).toThrow(expect.objectContaining(refused));
  expect(change({ set: { note: 'a partial row' }, create: true })).toThrow(expect.objectContaining(refused));
  expect(change({ add: { quantity: Number.NaN } })).toThrow(expect.objectContaining(refused));
  expect(change({ add: { quantity: '1' } })).toThrow(expect.objectContaining(refused));
  expect(change({ remove: ['quantity'] })).toThrow(expect.objectContaining(refused));
  expect(tx.actions).toEqual([]);
});

const LIBRARIES = {
  zod: z.object({ id: z.string(), n: z.number(), due: z.optional(z.string().trim()) }),
  'a refinement of zod': z
    .object({ id: z.string(), n: z.number(), due: z.optional(z.string()) })
    .refine(({ n, due }) => n < 5 || due !== undefined, { path: ['n'] }),
  valibot: v.object({ id: v.string(), n: v.number(), due: v.optional(v.string()) }),
  arktype: type({ id: 'string', n: 'number', 'due?': 'string' }),
};

test.each(Object.entries(LIBRARIES))('columns are judged one by one by a schema of %s', async (name, item) => {
  const Row = defineTable('row', { item: item as typeof LIBRARIES.zod, partitionKey: 'id' });
  const shop = openShop();
  const change = (given: object) => (tx: PendingTransaction) => tx.update(Row, { id: 'a' }, given);
  for (const wrong of [{ set: { n: 'text' } }, { remove: ['n'] }, { create: true, set: { due: 'x' } }]) {
    expect(() => change(wrong)(begin(shop))).toThrow(expect.objectContaining({ fields: ['n'] }));
  }
  await decide(shop, (tx) => tx.put(Row, { id: 'a', n: 1, due: 'x' }));
  // What is valid in the row that is there says nothing of the columns that are not given.
  await decide(shop, change({ set: { n: 7 } }));
  await decide(shop, change({ add: { n: -20 }, ...(name === 'zod' && { set: { due: ' y ' } }) }));
  expect(shop.engines.dynamodb.table('row').rows()).toEqual([{ id: 'a', n: -13, due: name === 'zod' ? 'y' : 'x' }]);
  await decide(shop, change({ remove: ['due'] }));
  expect(shop.engines.dynamodb.table('row').rows()).toEqual([{ id: 'a', n: -13 }]);
});

test('a put of a row that was not read never sets its version back', async () => {
  const shop = openShop();
  const put = (quantity: number, version: number) =>
    decide(shop, (tx) => tx.put(Shelf, { sku: 'a', quantity, version }));
  expect((await put(1, 7)).kind).toBe('committed');
  for (const version of [0, 6, 7]) expect((await put(2, version)).kind).toBe('conditionFailed');
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 1, version: 7 }]);
  expect((await put(3, 8)).kind).toBe('committed');
});

test('columns may have any name, reserved words and __proto__ included', async () => {
  const shop = openShop();
  const Odd = defineTable('odd', {
    item: z.object({ key: z.string(), status: z.string(), count: z.int(), 'a.b': z.string() }),
    partitionKey: 'key',
  });
  await decide(shop, (tx) =>
    tx.update(Odd, { key: 'k' }, { set: { status: 'new', 'a.b': 'x' }, add: { count: 1 }, when: 'absent' }),
  );
  expect(shop.engines.dynamodb.table('odd').rows()).toEqual([{ key: 'k', status: 'new', 'a.b': 'x', count: 1 }]);
});

test('a delete of what is not there is no error, unless it says so', async () => {
  const shop = openShop();
  shop.stock(5);
  expect(await decide(shop, (tx) => tx.delete(Stock, { sku: 'a' }))).toEqual({ kind: 'committed' });
  expect(await decide(shop, (tx) => tx.delete(Stock, { sku: 'a' }))).toEqual({ kind: 'committed' });
  const demanding = await decide(shop, (tx) =>
    tx.delete(Stock, { sku: 'a' }, { when: 'present', otherwise: 'duplicate' }),
  );
  expect(demanding).toMatchObject({ kind: 'conditionFailed', otherwise: 'duplicate' });
  expect(shop.rows()).toEqual([]);
});

test('a check requires without writing', async () => {
  const shop = openShop();
  shop.stock(5);
  const check = (when: When<StockRow>) =>
    decide(shop, (tx) => {
      tx.check(Stock, { sku: 'a' }, { when });
      tx.put(Stock, { sku: 'b', quantity: 1 });
    });
  expect(await check({ quantity: atLeast(6) })).toMatchObject({ kind: 'conditionFailed', index: 0 });
  expect(shop.rows()).toHaveLength(1);
  expect(await check({ quantity: atLeast(5) })).toEqual({ kind: 'committed' });
  expect(shop.rows()).toHaveLength(2);
});

const CONDITIONS: readonly [string, When<StockRow>, holds: boolean][] = [
  ['an exact value', { quantity: 5 }, true],
  ['another value', { quantity: 4 }, false],
  ['at least: the bound', { quantity: atLeast(5) }, true],
  ['at least: more', { quantity: atLeast(6) }, false],
  ['at most: the bound', { quantity: atMost(5) }, true],
  ['at most: less', { quantity: atMost(4) }, false],
  ['more than: the bound', { quantity: moreThan(5) }, false],
  ['more than: less', { quantity: moreThan(4) }, true],
  ['less than: the bound', { quantity: lessThan(5) }, false],
  ['less than: more', { quantity: lessThan(6) }, true],
  ['not: the value', { quantity: not(5) }, false],
  ['not: another value', { quantity: not(4) }, true],
  ['one of: it is one', { quantity: oneOf(1, 5) }, true],
  ['one of: it is none', { quantity: oneOf(1, 2) }, false],
  ['present', { quantity: present() }, true],
  ['absent', { quantity: absent() }, false],
  ['a missing column is absent', { note: absent() }, true],
  ['a missing column is not present', { note: present() }, false],
  ['a missing column equals nothing', { note: 'x' }, false],
  ['a missing column is not something else either', { note: not('x') }, false],
  ['a missing column has no order', { note: atLeast('') }, false],
  ['a missing column is none of several', { note: oneOf('x', 'y') }, false],
  ['all columns must satisfy theirs', { quantity: 5, sku: not('a') }, false],
  ['an undefined condition asks nothing', { quantity: undefined, note: absent() }, true],
  ['a row that is there is present', 'present', true],
  ['a row that is there is not absent', 'absent', false],
];

test.each(CONDITIONS)('a condition: %s', async (_, when, holds) => {
  const shop = openShop();
  shop.stock(5);
  const set = { note: 'n', quantity: 1 };
  const decision = await decide(shop, (tx) => tx.update(Stock, { sku: 'a' }, { set, when }));
  expect(decision.kind).toBe(holds ? 'committed' : 'conditionFailed');
});

test('every comparison is tried above', () => {
  const tried = CONDITIONS.flatMap(([, when]) => (typeof when === 'object' ? Object.values(when) : []));
  const operators = tried.flatMap((one) => (one instanceof Comparison ? one.operator : []));
  expect(new Set(operators)).toEqual(new Set(['>=', '<=', '>', '<', '<>', 'in', 'exists', 'absent']));
});

test('a row that was read is written only as long as nobody else has written it', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  const take = (meanwhile: () => Promise<unknown>) =>
    decide(shop, async (tx) => {
      const shelf = await tx.get(Shelf, { sku: 'a' });
      await meanwhile();
      tx.update(Shelf, { sku: 'a' }, { set: { quantity: (shelf?.quantity ?? 0) - 1 } });
    });
  expect(await take(async () => undefined)).toEqual({ kind: 'committed' });
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 4, version: 1 }]);
  expect(await take(() => take(async () => undefined))).toMatchObject({
    kind: 'conditionFailed',
    conflict: true,
    otherwise: 'retry',
  });
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 3, version: 2 }]);
  await decide(shop, async (tx) => {
    await tx.get(Shelf, { sku: 'a' });
    tx.put(Shelf, { sku: 'a', quantity: 9, version: 0 });
  });
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 9, version: 3 }]);
});

test('the lock holds for every kind of write', async () => {
  const writes: ((tx: PendingTransaction) => void)[] = [
    (tx) => tx.put(Shelf, { sku: 'a', quantity: 1, version: 0 }),
    (tx) => tx.update(Shelf, { sku: 'a' }, { set: { quantity: 1 } }),
    (tx) => tx.delete(Shelf, { sku: 'a' }),
    (tx) => tx.check(Shelf, { sku: 'a' }, { when: 'present' }),
  ];
  for (const write of writes) {
    const shop = openShop();
    shop.stock(5, Shelf);
    const decision = await decide(shop, async (tx) => {
      await tx.get(Shelf, { sku: 'a' });
      await decide(shop, (other) => other.update(Shelf, { sku: 'a' }, { add: { quantity: 1 } }));
      write(tx);
    });
    expect(decision).toMatchObject({ kind: 'conditionFailed', conflict: true });
    expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 6, version: 1 }]);
  }
});

test('a put of a row that was read increments its version, whatever it says', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  await decide(shop, async (tx) => {
    const shelf = await tx.get(Shelf, { sku: 'a' });
    if (shelf) tx.put(Shelf, { ...shelf, quantity: 9, version: 77 });
  });
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 9, version: 1 }]);
});

test('a row that was read as absent is written only as long as it is', async () => {
  const shop = openShop();
  const create = (meanwhile: () => Promise<unknown>) =>
    decide(shop, async (tx) => {
      expect(await tx.get(Shelf, { sku: 'a' })).toBeUndefined();
      await meanwhile();
      tx.put(Shelf, { sku: 'a', quantity: 1, version: 0 });
    });
  expect(await create(() => create(async () => undefined))).toMatchObject({ kind: 'conditionFailed', conflict: true });
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 1, version: 1 }]);
});

test('a row that was deleted since it was read is a conflict, whatever the write declares', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  const decision = await decide(shop, async (tx) => {
    await tx.get(Shelf, { sku: 'a' });
    await decide(shop, (other) => other.delete(Shelf, { sku: 'a' }));
    tx.update(Shelf, { sku: 'a' }, { add: { quantity: 1 }, otherwise: 'deadLetter' });
  });
  expect(decision).toMatchObject({ kind: 'conditionFailed', conflict: true, otherwise: 'retry' });
});

test('a row that something else wrote without a version is written, and has one then', async () => {
  const shop = openShop();
  const table = shop.engines.dynamodb.table(shop.environment.tableName?.(Shelf) ?? '');
  table.write({ sku: { S: 'a' } }, { sku: { S: 'a' }, quantity: { N: '5' } });
  const take = () =>
    decide(shop, async (tx) => {
      await tx.get(Shelf, { sku: 'a' });
      tx.update(Shelf, { sku: 'a' }, { add: { quantity: -1 } });
    });
  expect(await take()).toEqual({ kind: 'committed' });
  expect(await take()).toEqual({ kind: 'committed' });
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 3, version: 2 }]);
});

test('a condition that does not hold of an unchanged row is no conflict', async () => {
  const shop = openShop();
  shop.stock(1, Shelf);
  const decision = await decide(shop, async (tx) => {
    await tx.get(Shelf, { sku: 'a' });
    tx.update(Shelf, { sku: 'a' }, { add: { quantity: -2 }, when: { quantity: atLeast(2) }, otherwise: 'deadLetter' });
  });
  expect(decision).toEqual({ kind: 'conditionFailed', index: 0, otherwise: 'deadLetter', conflict: false });
});

test('a second reading does not hide what has changed since the first', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  const decision = await decide(shop, async (tx) => {
    const first = await tx.get(Shelf, { sku: 'a' });
    await decide(shop, (other) => other.update(Shelf, { sku: 'a' }, { add: { quantity: -5 } }));
    await tx.get(Shelf, { sku: 'a' });
    tx.update(Shelf, { sku: 'a' }, { set: { quantity: (first?.quantity ?? 0) - 1 } });
  });
  expect(decision).toMatchObject({ kind: 'conditionFailed', conflict: true });
});

test('a write of a row that was not read is not conditional, and increments the version all the same', async () => {
  const shop = openShop();
  shop.stock(5, Shelf);
  await decide(shop, (tx) => tx.update(Shelf, { sku: 'a' }, { add: { quantity: -1 } }));
  expect(shop.rows(Shelf)).toEqual([{ sku: 'a', quantity: 4, version: 1 }]);
});

test('two writes of one row are refused where the handler makes them', () => {
  const shop = openShop();
  const tx = begin(shop);
  tx.update(Lines, { order: '1', line: 1 }, { set: { text: 'x' } });
  tx.update(Lines, { order: '1', line: 2 }, { set: { text: 'x' } });
  expect(() => tx.delete(Lines, { line: 1, order: '1' })).toThrow(misused);
  expect(() => tx.put(Lines, { order: '1', line: 2, text: 'y' })).toThrow("a row of 'lines' twice");
  tx.once('key');
  expect(() => tx.once('key')).toThrow(misused);
  expect(tx.actions).toHaveLength(3);
});

test('99 actions beside the inbox row are taken, one more is refused and leaves no trace', async () => {
  const shop = openShop();
  const tx = begin(shop);
  for (let line = 0; line < 98; line++) tx.put(Lines, { order: '1', line, text: 'x' });
  tx.publish(StockReserved, { orderId: '1' });
  const tooMany = 'The transaction has more than 99 writes and messages';
  expect(() => tx.put(Lines, { order: '1', line: 98, text: 'x' })).toThrow(tooMany);
  expect(() => tx.publish(StockReserved, { orderId: '1' })).toThrow(tooMany);
  expect([tx.actions.length, tx.published.length]).toEqual([99, 1]);
  expect(await commit(shop.environment, tx.actions, shop.clock.now() + 1_000)).toEqual({ kind: 'committed' });
});

test('a write that says nothing is refused', () => {
  const tx = begin(openShop());
  expect(() => tx.update(Stock, { sku: 'a' }, {})).toThrow(misused);
  expect(() => tx.update(Stock, { sku: 'a' }, {})).toThrow("An update of 'stock' changes nothing");
  expect(() => tx.update(Stock, { sku: 'a' }, { set: { note: undefined }, add: {}, remove: [] })).toThrow(misused);
  expect(() => tx.check(Stock, { sku: 'a' }, {})).toThrow(misused);
  expect(() => tx.check(Stock, { sku: 'a' }, { when: {} })).toThrow(misused);
});

test('what a subscriber did not declare is refused, naming it', () => {
  const tx = begin(openShop(), { tables: [Stock], publishes: [StockReserved] });
  expect(() => tx.put(Lines, { order: '1', line: 1, text: '' })).toThrow("uses table 'lines' without declaring it");
  expect(() => tx.publish(OrderCancelled, { orderId: '1' })).toThrow(
    "publishes 'order.cancelled' without declaring it",
  );
});

test('a raw action is taken as it is', async () => {
  const shop = openShop();
  shop.stock(5);
  const decision = await decide(shop, (tx) =>
    tx.raw(
      {
        ConditionCheck: {
          TableName: 'stock',
          Key: { sku: { S: 'a' } },
          ConditionExpression: 'attribute_not_exists(sku)',
        },
      },
      { otherwise: 'duplicate' },
    ),
  );
  expect(decision).toEqual({ kind: 'conditionFailed', index: 0, otherwise: 'duplicate', conflict: false });
});

test('an idempotency key is taken once, and again when it is forgotten', async () => {
  const shop = openShop();
  const take = () => decide(shop, (tx) => tx.once('order#1', { keep: '15m' }));
  expect(await take()).toEqual({ kind: 'committed' });
  shop.clock.pass(15 * 60_000);
  expect(await take()).toEqual({ kind: 'duplicate' });
  shop.clock.pass(1);
  expect(await take()).toEqual({ kind: 'committed' });
  expect(shop.written()).toMatchObject([
    { pk: 'once#test#order#1', sk: 'once', until: shop.clock.now() + 15 * 60_000 },
  ]);
});

test('an idempotency key that DynamoDB could not hold is refused', () => {
  const tx = begin(openShop());
  for (const key of ['', 'é'.repeat(513)])
    expect(() => tx.once(key)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
});

test('a published message lies in the outbox, where its id says', async () => {
  const shop = openShop();
  const cause = shop.envelopeOf(OrderPlaced, { orderId: '9', sku: 'a', quantity: 1 });
  const tx = begin(shop, { cause });
  const id = tx.publish(StockReserved, { orderId: '9' });
  await commit(shop.environment, tx.actions, shop.clock.now() + 1_000);
  const [row] = shop.written();
  const envelope = decodeEnvelope(String(row?.envelope));
  expect(row).toMatchObject({ sk: id, ttl: Math.ceil(Date.parse(envelope.expires) / 1000) + 3 * 86_400 });
  expect(row?.pk).toMatch(/^out#2026-11-23T08:14#\d+$/);
  expect(envelope).toMatchObject({
    id,
    source: '/ledger/test',
    causationid: cause.id,
    correlationid: cause.id,
    partitionkey: '9',
    data: { orderId: '9' },
  });
  expect(envelope.traceparent.slice(0, 36)).toBe(cause.traceparent.slice(0, 36));
  expect(messageTime(id)).toBe(shop.clock.now());
});

test('a message has 60 s from its publishing to its commit', () => {
  const shop = openShop();
  const tx = begin(shop);
  expect(tx.commitBy()).toBe(Number.POSITIVE_INFINITY);
  tx.publish(StockReserved, { orderId: '1' });
  const published = shop.clock.now();
  shop.clock.pass(59_999);
  tx.publish(StockReserved, { orderId: '2' });
  expect(tx.commitBy()).toBe(published + 60_000);
  shop.clock.pass(1);
  expect(() => tx.commitBy()).toThrow(misused);
});

test('a wrong payload is refused before anything is written, naming the field', () => {
  const tx = begin(openShop());
  expect(() => tx.publish(StockReserved, { orderId: 5 as never })).toThrow('orderId');
  expect(tx.actions).toEqual([]);
});
