import { describe, expect, test } from 'vitest';
import { minuteOf } from '../../lib/contract/timestamp.ts';
import { reconcileKey } from '../../lib/ledger/rows/cursor.ts';
import { LedgerSource } from '../../lib/radar/index.ts';
import { quantile } from '../../lib/radar/latency.ts';
import { writeRadar } from '../../lib/reconcile/radar-rows.ts';
import { DEADLINE, NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';
import { counts, SECRET } from './seeded-source.ts';

const HOUR = '2026-11-23T08';
const OVERDUE = DEADLINE + 120_000;

function radarOf(world: ReturnType<typeof reconcileWorld>) {
  const source = new LedgerSource(world.environment, world.inspection);
  return { source, hour: async (hour = HOUR) => (await source.map(7)).lines.get('orders')?.get(hour) };
}

/** Commits a message that was sent to both subscribers, ended at one of them, and got lost on the way to the other. */
async function lose(world: ReturnType<typeof reconcileWorld>, age = OVERDUE): Promise<string> {
  const id = world.commit(world.mint(age), 'order.placed', { data: { secret: SECRET } });
  for (const subscriber of ['payment', 'sales']) await world.relay(id, subscriber);
  world.end(id, 'payment');
  return id;
}

const waitingIn = (world: ReturnType<typeof reconcileWorld>, subscriber: string) =>
  world.queue(subscriber).counts().ApproximateNumberOfMessages;

test('the radar rests no longer than somebody looks', async () => {
  const world = reconcileWorld();
  const resting = Promise.withResolvers<AbortSignal | undefined>();
  const sleep = (_: number, signal?: AbortSignal) =>
    new Promise<void>((wake) => {
      signal?.addEventListener('abort', () => wake());
      resting.resolve(signal);
    });
  const source = new LedgerSource({ ...world.environment, sleep }, world.inspection);
  const release = source.subscribe(() => undefined);
  const rest = await resting.promise;
  expect(rest?.aborted).toBe(false);
  release();
  expect(rest?.aborted).toBe(true);
});

describe('where no reconciler runs, the radar', () => {
  test('counts what is committed now, and again when it has ended', async () => {
    const world = reconcileWorld();
    const id = world.commit(world.mint(0));
    const { source, hour } = radarOf(world);
    expect(await source.refresh()).toBe(true);
    expect(await hour()).toEqual(counts({ committed: 1, inFlight: 1 }));
    world.clock.pass(1_000);
    for (const subscriber of ['payment', 'sales']) world.end(id, subscriber);
    expect(await source.refresh()).toBe(true);
    expect(await hour()).toEqual(counts({ committed: 1, handled: 1 }));
    world.clock.pass(1_000);
    expect(await source.refresh()).toBe(false);
  });

  test('finds older messages too, a few minutes at a time, up to three hours back', async () => {
    const world = reconcileWorld();
    const old = [150, 100, 20].map((minutes) => world.commit(world.mint(minutes * 60_000)));
    for (const id of old) for (const subscriber of ['payment', 'sales']) world.end(id, subscriber);
    const { source } = radarOf(world);
    for (let refreshes = 0; refreshes < 16; refreshes++) {
      await source.refresh();
      world.clock.pass(100);
    }
    const hours = [...((await source.map(7)).lines.get('orders')?.values() ?? [])];
    expect(hours.reduce((sum, { handled }) => sum + handled, 0)).toBe(3);
  });

  test('reads hardly anything once all has ended', async () => {
    const world = reconcileWorld();
    const { source } = radarOf(world);
    for (let refreshes = 0; refreshes < 16; refreshes++) await source.refresh();
    const before = world.environment.usage.calls.Query ?? 0;
    await source.refresh();
    expect((world.environment.usage.calls.Query ?? 0) - before).toBeLessThan(24);
  });
});

test('what a reconciler has counted is shown without counting it again', async () => {
  const world = reconcileWorld();
  const { environment } = world;
  const counted = counts({ committed: 7, handled: 7 });
  await writeRadar(world.ledger, [
    { businessLine: 'orders', minute: minuteOf(NOW - 5 * 86_400_000), asOf: NOW, ...counted },
  ]);
  world.put(reconcileKey('due'), { upTo: NOW - 60_000 });
  const { source, hour } = radarOf(world);
  await source.refresh();
  expect(await hour('2026-11-18T08')).toEqual(counted);
  expect(environment.usage.calls.Query ?? 0).toBeLessThan(20);
});

describe('an opened hour', () => {
  test('names the missing message, its hop and its subscriber', async () => {
    const world = reconcileWorld();
    const id = await lose(world);
    const { source } = radarOf(world);
    await source.refresh();
    const detail = await source.bucket('orders', HOUR);
    expect(detail.missing).toMatchObject([{ id, type: 'order.placed', subscriber: 'sales', hop: 'broker' }]);
    expect(detail.counts).toEqual(counts({ committed: 1, missing: 1 }));
  });

  test('lists what was given up, with the reason', async () => {
    const world = reconcileWorld();
    const id = world.commit(world.mint(OVERDUE));
    world.end(id, 'payment');
    world.end(id, 'sales', 'dead');
    const { source } = radarOf(world);
    await source.refresh();
    const { dead, missing } = await source.bucket('orders', HOUR);
    expect(dead).toEqual([{ id, type: 'order.placed', subscriber: 'sales', reason: 'rejected' }]);
    expect(missing).toEqual([]);
  });

  test('samples how long messages took', async () => {
    const world = reconcileWorld();
    for (let count = 0; count < 5; count++) {
      const id = world.commit(world.mint(2_000));
      for (const subscriber of ['payment', 'sales']) world.end(id, subscriber);
    }
    const { source } = radarOf(world);
    await source.refresh();
    const { times, median, slow, sampled } = await source.latency('orders', '2026-11-23T08');
    const earlier = await source.latency('orders', '2026-11-23T07');
    expect([...times, ...earlier.times]).toHaveLength(1);
    expect([...median, ...earlier.median]).toEqual([2]);
    expect([...slow, ...earlier.slow]).toEqual([2]);
    expect(sampled + earlier.sampled).toBeGreaterThan(0);
  });

  test('of a business line that nobody knows is refused with a sentence', async () => {
    const { source } = radarOf(reconcileWorld());
    await expect(source.bucket('nobody', HOUR)).rejects.toThrow("There is no business line 'nobody': there are orders");
  });

  test('shows no payload, and neither does a trace', async () => {
    const world = reconcileWorld();
    const id = await lose(world);
    const { source } = radarOf(world);
    await source.refresh();
    const shown = JSON.stringify([
      await source.bucket('orders', HOUR),
      await source.trace(id),
      [...((await source.map(7)).lines.get('orders') ?? [])],
    ]);
    expect(shown).toContain(id);
    expect(shown).not.toContain(SECRET);
  });
});

describe('a redrive', () => {
  test("puts the message into that subscriber's own queue", async () => {
    const world = reconcileWorld();
    const id = await lose(world);
    await radarOf(world).source.redrive(id, 'sales');
    expect(waitingIn(world, 'sales')).toBe('1');
    expect(waitingIn(world, 'payment')).toBe('0');
  });

  test.each([
    ['what is no id', 'not-an-id', 'sales', "'not-an-id' is not a message id"],
    ['what nobody committed', undefined, 'sales', 'No message'],
    ['what the subscriber does not expect', 'lost', 'stranger', "'stranger' does not expect"],
  ])('of %s is refused with a sentence', async (_, what, subscriber, sentence) => {
    const world = reconcileWorld();
    const id = what === 'lost' ? await lose(world) : (what ?? world.mint(0));
    await expect(radarOf(world).source.redrive(id, subscriber)).rejects.toThrow(sentence);
  });
});

test('the counts are as of now whenever they are asked for, though nobody watches', async () => {
  const world = reconcileWorld();
  const { hour } = radarOf(world);
  expect(await hour()).toBeUndefined();
  world.commit(world.mint(0));
  world.clock.pass(5_000);
  expect(await hour()).toEqual(counts({ committed: 1, inFlight: 1 }));
});

test('the radar keeps itself up to date while somebody watches, and reads nothing afterwards', async () => {
  const world = reconcileWorld();
  const { source } = radarOf(world);
  world.commit(world.mint(0));
  await new Promise<void>((resolve) => {
    const release = source.subscribe(() => {
      release();
      resolve();
    });
  });
  await world.environment.sleep(60_000);
  const before = world.environment.usage.calls.Query;
  await world.environment.sleep(600_000);
  expect(world.environment.usage.calls.Query).toBe(before);
  expect((await source.map(1)).lines.get('orders')?.get(HOUR)?.committed).toBe(1);
});

test.each([
  [[5], 0.95, 5],
  [[1, 2, 3, 4], 0.5, 2],
  [[4, 3, 2, 1], 0.95, 4],
  [[], 0.5, 0],
])('of %o, a share of %d is within %d', (values, share, expected) => {
  expect(quantile(values, share)).toBe(expected);
});
