import { describe, expect, test } from 'vitest';
import { ENVIRONMENT, type Environment } from '../../lib/aws/environment.ts';
import { type Case, casesOf } from '../../lib/reconcile/cases.ts';
import { readRadar } from '../../lib/reconcile/radar-rows.ts';
import { createReconciler, type Metric, type ReconcilerEvent } from '../../lib/reconcile/reconciler.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

const MINUTE = 60_000;

/** A ledger in which nothing was relayed for some minutes. */
function standstill({ messages, minutes }: { readonly messages: number; readonly minutes: number }) {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const metrics = new Map<string, number>();
  const handler = createReconciler({
    putMetrics: async (_ledger, some: readonly Metric[]) => {
      for (const { name, value } of some) metrics.set(name, value);
    },
  });
  const run = (event: ReconcilerEvent | object, environment: Environment = world.environment, context = {}) =>
    handler(event, { ...context, [ENVIRONMENT]: environment });
  const openCases = async () => {
    const cases: Case[] = [];
    for (let shard = 0; shard < world.ledger.shards; shard++) {
      for await (const one of casesOf(world.ledger, shard)) cases.push(one);
    }
    return cases;
  };
  const commitAll = () => {
    for (let minute = 0; minute < minutes; minute++) {
      for (let count = 0; count < messages / minutes; count++) world.commit(world.mint(0));
      world.clock.pass(MINUTE);
    }
    world.clock.pass(DEADLINE + MINUTE);
  };
  const radar = async () => {
    const rows = await readRadar(world.ledger, ['orders'], { from: NOW, to: world.clock.now() });
    return (rows.get('orders') ?? []).reduce((sum, { committed }) => sum + committed, 0);
  };
  return { ...world, run, openCases, commitAll, radar, metrics };
}

/** An environment whose process dies at the n-th call: that one and all that come after it fail. */
function dyingAt(call: number, environment: Environment): Environment {
  let calls = 0;
  const dying = <Client extends { send: unknown }>(client: Client): Client => {
    const send = (client.send as (command: unknown) => Promise<unknown>).bind(client);
    return {
      ...client,
      send: async (command: unknown) => {
        if (++calls >= call) throw new Error('The process is dead');
        return send(command);
      },
    };
  };
  return { ...environment, dynamodb: dying(environment.dynamodb), sqs: dying(environment.sqs) };
}

describe('a reconciler that is killed', () => {
  test.each([1_500, 2_500])(
    'at every %i-th call comes further each time, and opens every case',
    { timeout: 60_000 },
    async (call) => {
      const { run, environment, commitAll, openCases, radar } = standstill({ messages: 1_000, minutes: 2 });
      await run({ run: 'compare' });
      commitAll();
      let [opened, runs] = [0, 0];
      for (let isDone = false; !isDone; ) {
        expect(++runs).toBeLessThan(30);
        isDone = await run({ run: 'compare' }, dyingAt(call, environment)).then(
          () => true,
          () => false,
        );
        const now = (await openCases()).length;
        if (!isDone) expect(now + runs).toBeGreaterThan(opened);
        opened = now;
      }
      expect(runs).toBeGreaterThan(2);
      expect([opened, await radar()]).toEqual([1_000, 1_000]);
    },
  );
});

describe('a run', () => {
  test('begins nothing more when its time is nearly up, and the next one goes on there', async () => {
    const { run, environment, clock, commitAll, openCases, radar } = standstill({ messages: 400, minutes: 4 });
    await run({ run: 'compare' });
    commitAll();
    // Each call takes a tenth of a second.
    const send = environment.dynamodb.send.bind(environment.dynamodb) as (command: unknown) => Promise<unknown>;
    const slow = {
      ...environment,
      dynamodb: {
        send: (command: unknown) => {
          clock.pass(100);
          return send(command);
        },
      } as unknown as Environment['dynamodb'],
    };
    const took: number[] = [];
    while ((await radar()) < 400) {
      const start = clock.now();
      const context = { getRemainingTimeInMillis: () => start + 60_000 - clock.now() };
      await run({ run: 'compare' }, slow, context);
      took.push(clock.now() - start);
      expect(took.length).toBeLessThan(30);
    }
    expect(took.length).toBeGreaterThan(2);
    expect(Math.max(...took)).toBeLessThan(100_000);
    expect(await openCases()).toHaveLength(400);
  });

  test('that heals waits for no comparison, and says when that does not keep up', async () => {
    const { run, commitAll, clock, metrics, openCases, queue } = standstill({ messages: 4, minutes: 1 });
    await run({ run: 'heal' });
    expect(metrics.has('reconciled')).toBe(false);
    await run({});
    commitAll();
    await run({ run: 'compare' });
    expect(await openCases()).toHaveLength(4);
    clock.pass(MINUTE);
    metrics.clear();
    await run({ run: 'heal' });
    expect(queue('payment').receive(10)).toHaveLength(4);
    expect(metrics.get('reconciled')).toBe(1);
    clock.pass(20 * MINUTE);
    await run({ run: 'heal' });
    expect(metrics.get('reconciled')).toBe(0);
    expect(metrics.has('uncaused')).toBe(false);
  });
});
