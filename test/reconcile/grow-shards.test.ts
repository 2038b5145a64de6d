import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { consume } from '../../lib/consume/consume.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { METRICS } from '../../lib/contract/metrics.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { mintingShards, raiseMinted, readMinted } from '../../lib/ledger/minted-shards.ts';
import { withEveryShard } from '../../lib/ledger/shards.ts';
import { messageShard, shardsWhenMinted } from '../../lib/message/message-id.ts';
import { publish } from '../../lib/publish/publish.ts';
import { growShards, MESSAGES_A_SHARD } from '../../lib/reconcile/grow-shards.ts';
import type { RadarBucket } from '../../lib/reconcile/radar-rows.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

const SHARDS = 2;

/** A ledger that grows from 2 shards, with a producer and a reconciler that have just started. */
function growing(most = 16) {
  const stack = new MemoryStack({ ledger: 'ledger', shards: SHARDS });
  const variables = { [BINDINGS.maxShards]: String(most) };
  const reconciler = stack.environment({ variables });
  const counted: Record<string, number> = {};
  const environment = Object.assign(reconciler, {
    metrics: {
      count: (name: string, value: number) => (counted[name] = (counted[name] ?? 0) + value),
      flush: () => undefined,
    },
  });
  const producer = stack.environment({ variables: { ...variables, [BINDINGS.producer]: 'till' } });
  const ledger = ledgerOf(environment);
  const minute = () => new Date(stack.now).toISOString().slice(0, 16);
  return {
    stack,
    counted,
    ledger,
    place: async (keys: readonly string[]) => {
      const ids: string[] = [];
      for (const orderId of keys) ids.push((await publish(OrderPlaced, { orderId }, { environment: producer })).id);
      return ids;
    },
    minting: () => mintingShards(ledgerOf(producer)),
    /** As a run of reconciliation that has counted so many messages of this minute. */
    grow: (committed: number, of = minute()) => {
      const bucket = { businessLine: 'orders', minute: of, committed } as RadarBucket;
      return growShards(ledger, new Map([['orders', [bucket]]]));
    },
    minute,
  };
}

const many = (count: number) => Array.from({ length: count }, (_, number) => `order-${number}`);
const TOO_MANY = SHARDS * MESSAGES_A_SHARD + 1;

describe('shards that grow by themselves', () => {
  it('are doubled once a minute has more than 40 messages a second and shard, and not before', async () => {
    const { ledger, grow, place, stack } = growing();
    await place(many(40));
    expect(await grow(TOO_MANY - 1)).toBeUndefined();
    expect(await readMinted(ledger)).toBeUndefined();
    expect(await grow(TOO_MANY)).toBe('grown');
    expect(await readMinted(ledger)).toMatchObject({ shards: 4, since: stack.now + 600_000 });
  });

  it('are known to every reader ten minutes before the first id is minted for them', async () => {
    const { stack, ledger, grow, place, minting } = growing();
    await place(many(40));
    await grow(TOO_MANY);
    expect((await withEveryShard(ledger)).shards).toBe(4);
    const before = await place(many(40));
    await stack.advance('6m');
    before.push(...(await place(many(40))));
    expect(new Set(before.map(shardsWhenMinted))).toEqual(new Set([SHARDS]));
    await stack.advance('5m');
    minting();
    await stack.advance('1s');
    const after = await place(many(40));
    expect(new Set(after.map(shardsWhenMinted))).toEqual(new Set([4]));
    expect(new Set(after.map(messageShard)).size).toBe(4);
  });

  it('double again no sooner than that, by minutes that had the new count, and up to the most', async () => {
    const { stack, ledger, grow, place, minute } = growing(8);
    await place(many(40));
    const first = minute();
    await grow(TOO_MANY);
    expect(await grow(100 * TOO_MANY)).toBeUndefined();
    await stack.advance('11m');
    expect(await grow(100 * TOO_MANY, first)).toBeUndefined();
    await place(many(80));
    expect(await grow(100 * TOO_MANY)).toBe('grown');
    expect(await readMinted(ledger)).toMatchObject({ shards: 8 });
    await stack.advance('11m');
    await place(many(80));
    expect(await grow(100 * TOO_MANY)).toBeUndefined();
    expect(await readMinted(ledger)).toMatchObject({ shards: 8 });
  });

  it('stay as they are where one key has most of the messages, which is told', async () => {
    const { stack, ledger, counted, grow, place } = growing();
    await place(many(40));
    await grow(TOO_MANY);
    await stack.advance('11m');
    await place([...many(8), ...Array<string>(60).fill('the one')]);
    expect(await grow(100 * TOO_MANY)).toBe('hot');
    expect(await readMinted(ledger)).toMatchObject({ shards: 4 });
    expect(counted).toEqual({ [METRICS.hotKey]: 1 });
  });

  it('cost a read a run, and the run that doubles them a query of each shard and one write unit', async () => {
    const { stack, ledger, grow, place, minting } = growing();
    await place(many(40));
    const { usage } = ledger.environment;
    const spent = async (run: () => Promise<unknown>) => {
      const [calls, units] = [{ ...usage.calls }, usage.writeUnits];
      await run();
      const more = Object.entries(usage.calls).map(([name, count]) => [name, count - (calls[name] ?? 0)] as const);
      return { calls: Object.fromEntries(more.filter(([, count]) => count > 0)), writeUnits: usage.writeUnits - units };
    };
    const read = { calls: { GetItem: 1 }, writeUnits: 0 };
    expect(await spent(() => grow(TOO_MANY - 1))).toEqual(read);
    expect(await spent(() => grow(TOO_MANY))).toEqual({
      calls: { GetItem: 1, Query: SHARDS, PutItem: 1 },
      writeUnits: 1,
    });
    expect(await spent(() => grow(TOO_MANY))).toEqual(read);
    await stack.advance('11m');
    minting();
    await stack.advance('1s');
    await place([...many(8), ...Array<string>(60).fill('the one')]);
    expect(await spent(() => grow(100 * TOO_MANY))).toEqual({
      calls: { GetItem: 1, Query: 2 * SHARDS },
      writeUnits: 0,
    });
  });

  it('are doubled once by runs that cross each other', async () => {
    const { ledger, grow, place } = growing();
    await place(many(40));
    const runs = await Promise.all([grow(TOO_MANY), grow(TOO_MANY)]);
    expect(runs.filter((growth) => growth === 'grown')).toHaveLength(1);
    expect(await readMinted(ledger)).toMatchObject({ shards: 4 });
  });

  it('are not there where nothing says how many there may be', async () => {
    const stack = new MemoryStack({ ledger: 'ledger', shards: SHARDS });
    const ledger = ledgerOf(stack.environment({}));
    const calls = { ...ledger.environment.usage.calls };
    expect(await growShards(ledger, new Map())).toBeUndefined();
    expect(mintingShards(ledger)).toBe(SHARDS);
    expect(ledger.environment.usage.calls).toEqual(calls);
  });

  it('hide nothing from a reader that is configured with the former count', async () => {
    const Notes = defineTable('notes', { item: z.object({ orderId: z.string() }), partitionKey: 'orderId' });
    const Noting = defineSubscriber('noting', { consumes: [OrderPlaced], tables: [Notes] });
    const handler = consume(Noting, (order, { tx }) => tx.put(Notes, order));
    const stack = new MemoryStack({ subscribers: [Noting], handlers: { noting: handler }, shards: SHARDS });
    const variables = { [BINDINGS.maxShards]: '16' };
    const environment = stack.environment({ variables });
    const ledger = ledgerOf(environment);
    const from = stack.now;
    const place = async (prefix: string) => {
      for (const key of many(40)) await publish(OrderPlaced, { orderId: `${prefix}-${key}` }, { environment });
      await stack.settle();
    };
    await place('before');
    expect(await raiseMinted(ledger, undefined, 16)).toBe(true);
    await stack.advance('11m');
    mintingShards(ledger);
    await stack.advance('1s');
    await place('after');
    expect(stack.outbox.rows().filter(({ sk }) => messageShard(sk) >= SHARDS).length).toBeGreaterThan(20);
    expect(stack.rows(Notes)).toHaveLength(80);
    const range = { ledger: stack.ledger.name, shards: SHARDS, from, to: stack.now };
    const { lines, missing, uncaused } = await reconcile(stack.environment(), range);
    expect({ handled: lines.orders?.handled, missing, uncaused }).toEqual({ handled: 80, missing: [], uncaused: [] });
  });
});
