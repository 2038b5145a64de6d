import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { minuteOf } from '../../lib/contract/timestamp.ts';
import { reconcileKey } from '../../lib/ledger/rows/cursor.ts';
import { readRadar } from '../../lib/reconcile/radar-rows.ts';
import { createReconciler, type Metric, type ReconcilerOptions } from '../../lib/reconcile/reconciler.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

const MINUTE = 60_000;

type Options = Parameters<typeof reconcileWorld>[0] & Pick<ReconcilerOptions, 'listEventSources'>;

function reconciling({ listEventSources, ...options }: Options = { subscribers: ['payment'] }) {
  const world = reconcileWorld(options);
  const metrics: Metric[][] = [];
  const handler = createReconciler({
    listEventSources,
    putMetrics: async (_ledger, some) => void metrics.push([...some]),
  });
  return {
    ...world,
    run: async () => {
      await handler({}, { [ENVIRONMENT]: world.environment });
      return Object.fromEntries((metrics.at(-1) ?? []).map(({ name, value }) => [name, value]));
    },
    radar: async () => {
      const range = { from: NOW - 60 * MINUTE, to: world.clock.now() };
      return (await readRadar(world.ledger, ['orders'], range)).get('orders') ?? [];
    },
    summary: () => world.environment.lines.findLast(({ message }) => message === 'reconcile')?.fields,
  };
}

describe('the reconciler', () => {
  test('names a lost message within a minute of its deadline, sends it again, and is done once it has ended', async () => {
    const { run, commit, mint, relay, clock, queue, end, summary } = reconciling();
    await run();
    const id = commit(mint(0));
    await relay(id, 'payment');
    clock.pass(DEADLINE + MINUTE);
    expect(await run()).toMatchObject({ 'orders.missing-ratio': 100, quarantined: 0, reconciled: 1 });
    expect(summary()).toMatchObject({ missing: 1, resent: 1 });
    expect(queue('payment').receive(1)).toHaveLength(1);
    end(id, 'payment');
    clock.pass(60 * MINUTE);
    expect(await run()).toMatchObject({ 'orders.missing-ratio': 0, 'oldest-unended': 0 });
    expect(summary()).toMatchObject({ closed: 1 });
  });

  test('is quiet about what ended in time', async () => {
    const { run, commit, mint, clock, end, summary } = reconciling();
    await run();
    for (let count = 0; count < 20; count++) end(commit(mint(0)), 'payment');
    clock.pass(DEADLINE + MINUTE);
    expect(await run()).toMatchObject({ 'orders.missing-ratio': 0, uncaused: 0, 'heal-deferred': 0 });
    expect(summary()).toMatchObject({ committed: 20 });
    expect(summary()).not.toHaveProperty('resent');
  });

  test('counts each message of a minute once, however its runs fall and however often one is repeated', {
    timeout: 60_000,
  }, async () => {
    const pause = fc.integer({ min: 1_000, max: 4 * MINUTE });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(pause, fc.nat({ max: 3 }), fc.boolean()), { maxLength: 25 }),
        async (steps) => {
          const { run, commit, mint, clock, end, radar, table } = reconciling();
          await run();
          const committed = new Map<string, number>();
          for (const [milliseconds, messages, crash] of steps) {
            clock.pass(milliseconds);
            for (let count = 0; count < messages; count++) {
              const minute = minuteOf(clock.now());
              end(commit(mint(0)), 'payment');
              committed.set(minute, (committed.get(minute) ?? 0) + 1);
            }
            const key = toItem(reconcileKey('due'));
            const before = table.get(key);
            await run();
            // Died before it wrote down where it stands: the next run does the same again.
            if (crash) table.write(key, before);
          }
          clock.pass(DEADLINE + 1);
          await run();
          await run();
          const counted = (await radar()).map(({ minute, committed: messages }) => [minute, messages]);
          expect(counted).toEqual([...committed].sort());
        },
      ),
      { numRuns: 40 },
    );
  });

  test('catches up after a standstill, without leaving anything out', async () => {
    const { run, commit, mint, clock, end, radar, summary } = reconciling();
    await run();
    for (let minute = 0; minute < 50; minute++) {
      end(commit(mint(0)), 'payment');
      clock.pass(MINUTE);
    }
    await run();
    const behind = Number(summary()?.behind);
    await run();
    expect(behind).toBeGreaterThan(30 * MINUTE);
    // A run looks at fifteen minutes.
    expect(behind - Number(summary()?.behind)).toBe(15 * MINUTE);
    for (let runs = 2; runs < 6; runs++) await run();
    expect(summary()?.behind ?? 0).toBe(0);
    const counted = (await radar()).reduce((messages, { committed }) => messages + committed, 0);
    expect(counted).toBe(50);
  });

  test('finds with its second pass what was committed behind the first', async () => {
    const { run, commit, mint, clock, radar, end } = reconciling();
    await run();
    const late = mint(0);
    clock.pass(DEADLINE + 5_000);
    await run();
    end(commit(late), 'payment');
    expect(await radar()).toEqual([]);
    clock.pass(13 * MINUTE);
    await run();
    expect(await radar()).toMatchObject([{ minute: minuteOf(NOW), committed: 1, handled: 1, missing: 0 }]);
  });

  test('reports what ended without a cause', async () => {
    const { run, mint, clock, end, environment } = reconciling();
    await run();
    const id = mint(0);
    end(id, 'payment');
    clock.pass(DEADLINE + MINUTE);
    expect(await run()).toMatchObject({ uncaused: 1 });
    expect(environment.lines).toContainEqual({
      level: 'error',
      message: 'uncaused',
      fields: { messageId: id, subscriber: 'payment' },
    });
  });

  test('sends ten messages again in a run where few were committed, and says how many it put off', async () => {
    const { run, commit, mint, relay, clock, queue } = reconciling();
    await run();
    for (let count = 0; count < 12; count++) await relay(commit(mint(0)), 'payment');
    clock.pass(DEADLINE + MINUTE);
    expect(await run()).toMatchObject({ 'heal-deferred': 2 });
    expect(queue('payment').messages()).toHaveLength(10);
  });

  test('tells of a subscriber that stands still, with how many cases wait for it, and sends it nothing', async () => {
    const { commit, mint, relay, clock, queue, run, environment, summary } = reconciling({
      subscribers: ['payment'],
      listEventSources: async () => [{ state: 'Disabled' }],
    });
    await run();
    for (let count = 0; count < 3; count++) await relay(commit(mint(0)), 'payment');
    queue('payment').send({ id: 'waits', body: 'what waits', attributes: {} });
    for (let runs = 0; runs < 2; runs++) {
      clock.pass(DEADLINE + MINUTE);
      await run();
    }
    expect(summary()).toMatchObject({ missing: 3, stopped: 1 });
    expect(summary()).not.toHaveProperty('resent');
    const told = environment.lines.filter(({ message }) => message === 'subscriber stands still');
    const fields = { subscriber: 'payment', reason: 'its event source is disabled', cases: 3 };
    expect(told.at(-1)).toEqual({ level: 'error', message: 'subscriber stands still', fields });
    expect(queue('payment').messages()).toHaveLength(1);
  });

  test('does nothing twice when two runs cross', async () => {
    const after = async (runs: number) => {
      const { run, commit, mint, relay, clock, queue, table } = reconciling();
      await run();
      const id = commit(mint(0));
      await relay(id, 'payment');
      clock.pass(DEADLINE + MINUTE);
      await Promise.all(Array.from({ length: runs }, run));
      const written = table.items().filter(({ pk }) => /^(?:open#|radar#|reconcile$)/.test(pk?.S ?? ''));
      return { copies: queue('payment').receive(10).length, written };
    };
    const once = await after(1);
    expect(once.copies).toBe(1);
    expect(new Set(once.written.map(({ pk }) => pk?.S?.split('#')[0]))).toEqual(
      new Set(['open', 'radar', 'reconcile']),
    );
    expect(await after(2)).toEqual(once);
  });

  test('fails aloud where its function lacks a binding', async () => {
    const { environment } = reconciling();
    const variables = { ...environment.variables, [BINDINGS.ledger]: undefined };
    const handler = createReconciler({ putMetrics: async () => undefined });
    await expect(handler({}, { [ENVIRONMENT]: { ...environment, variables } })).rejects.toMatchObject({
      code: 'missing-binding',
    });
  });
});
