import { describe, expect, test } from 'vitest';
import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { reconcile } from 'waybill/operations';
import { consume, publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import * as z from 'zod/mini';
import type { Table } from '../../lib/testing/engines/index.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';

const Paid = defineEvent('paid', {
  schema: z.object({ order: z.string(), cents: z.int() }),
  key: ({ order }) => order,
  businessLine: 'payments',
});
const Books = defineTable('books', {
  item: z.object({ order: z.string(), times: z.int() }),
  partitionKey: 'order',
});
const Book = defineSubscriber('book', { consumes: [Paid], tables: [Books] });

const book = consume(Book, ({ order }, { tx }) => {
  tx.update(Books, { order }, { create: true, add: { times: 1 } });
});

/** A shop in which orders are paid; `restored` brings tables back to how they were when `snapshot` was taken. */
function openShop(seed: number) {
  const stack = new MemoryStack({ subscribers: [Book], handlers: { book }, seed });
  const environment = stack.environment();
  const committed = new Map<string, string>();
  const pay = async (order: string) => {
    committed.set((await publish(Paid, { order, cents: 100 }, { environment })).id, order);
  };
  const tables = (): readonly Table[] => [stack.ledger, stack.engines.dynamodb.table(Books.name)];
  const snapshot = () => tables().map((table) => table.items());
  const restored = (items: ReturnType<typeof snapshot>, some: readonly Table[] = tables()) => {
    for (const [index, table] of tables().entries()) {
      if (!some.includes(table)) continue;
      for (const item of table.items()) table.write(table.keyOf(item), undefined);
      for (const item of items[index] ?? []) table.write(table.keyOf(item), item);
    }
  };
  const start = stack.now;
  const compared = () =>
    reconcile(stack.environment(), { ledger: stack.ledger.name, shards: 2, from: start, to: stack.now - 60_000 });
  const times = () => Object.fromEntries(stack.rows(Books).map((row) => [row.order, row.times]));
  return { stack, pay, committed, snapshot, restored, compared, times };
}

/** Orders that are there before the moment to which tables are brought back, and after it; some are still on their way. */
async function live(shop: ReturnType<typeof openShop>, seed: number) {
  const random = seededRandom(seed);
  const rest = () => shop.stack.advance(`${((random(1)[0] ?? 0) % 20) + 1}s`);
  for (const order of ['a', 'b', 'c']) await shop.pay(order);
  await rest();
  // It is in the ledger, and on its way, when the copy is made.
  await shop.pay('d');
  const items = shop.snapshot();
  await rest();
  for (const order of ['e', 'f']) await shop.pay(order);
  await rest();
  // Its copy lies in the queue when its row is gone.
  await shop.pay('g');
  await shop.stack.settle('relay');
  return items;
}

describe.each([1, 2, 3, 4, 5])('after a restore to an earlier moment, with seed %i,', (seed) => {
  test('of the ledger and its business tables, each message that is there took effect once, and nothing is invented', async () => {
    const shop = openShop(seed);
    shop.restored(await live(shop, seed));
    await shop.stack.advance('30m');

    const times = shop.times();
    for (const order of ['a', 'b', 'c', 'd']) expect(times[order], order).toBe(1);
    // What was committed later is gone with the rows: but for copies that lay in a queue, whose effects are told of.
    const { missing, uncaused } = await shop.compared();
    expect(missing).toEqual([]);
    expect(uncaused.map(({ id }) => shop.committed.get(id))).toEqual(['g']);
    expect(times).toEqual({ a: 1, b: 1, c: 1, d: 1, g: 1 });
    expect(shop.stack.environmentOf('reconciler').counted['reconcile.uncaused']).toBeGreaterThan(0);
  });

  test('of the ledger alone, what was handled since takes effect again: its proof is gone, and the effect is not', async () => {
    const shop = openShop(seed);
    shop.restored(await live(shop, seed), [shop.stack.ledger]);
    await shop.stack.advance('30m');

    const { missing, uncaused } = await shop.compared();
    expect(missing).toEqual([]);
    expect(shop.times()).toEqual({ a: 1, b: 1, c: 1, d: 2, e: 1, f: 1, g: 1 });
    expect(uncaused.map(({ id }) => shop.committed.get(id))).toEqual(['g']);
  });
});
