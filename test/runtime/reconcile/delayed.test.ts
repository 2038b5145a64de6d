import { SendMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DueRow,
  decodeEnvelope,
  inboxKey,
  messageTime,
  outboxKey,
  routeKey,
} from '../../../lib/contract/index.ts';
import { ENVIRONMENT } from '../../../lib/runtime/environment.ts';
import { toItem } from '../../../lib/runtime/expression.ts';
import { createForwarder } from '../../../lib/runtime/forward.ts';
import { cancel } from '../../../lib/runtime/index.ts';
import { SCHEDULE } from '../../../lib/runtime/receipt.ts';
import { readGraph } from '../../../lib/runtime/reconcile/graph.ts';
import { heal } from '../../../lib/runtime/reconcile/heal.ts';
import { casesOf, type OpenCase, openCase } from '../../../lib/runtime/reconcile/open-case.ts';
import { readRadar } from '../../../lib/runtime/reconcile/radar-rows.ts';
import { createReconciler, type Metric } from '../../../lib/runtime/reconcile/reconciler.ts';
import { resend } from '../../../lib/runtime/reconcile/resend.ts';
import { usageSince } from '../../../lib/runtime/usage.ts';
import { queueRecord } from '../../../lib/testing/lambda-event.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PATIENCE = 30_000;

function delaying(options: Parameters<typeof reconcileWorld>[0] = { subscribers: ['payment'] }) {
  const world = reconcileWorld(options);
  const { environment, inspection, clock, forwardQueue } = world;
  const metrics: Metric[][] = [];
  const reconciler = createReconciler({ putMetrics: async (_ledger, some) => void metrics.push([...some]) });
  const run = async () => {
    await reconciler({}, { [ENVIRONMENT]: environment });
    return Object.fromEntries((metrics.at(-1) ?? []).map(({ name, value }) => [name, value]));
  };
  return {
    ...world,
    run,
    /** Runs once a minute for so long. */
    async runFor(milliseconds: number) {
      let worst: Record<string, number> = {};
      for (const until = clock.now() + milliseconds; clock.now() < until; ) {
        clock.pass(Math.min(MINUTE, until - clock.now()));
        const values = await run();
        worst = Object.fromEntries(
          Object.keys(values).map((key) => [key, Math.max(values[key] ?? 0, worst[key] ?? 0)]),
        );
      }
      return worst;
    },
    cases: async () => {
      const cases: OpenCase[] = [];
      for (let shard = 0; shard < inspection.shards; shard++) {
        for await (const one of casesOf(environment, 'ledger', shard)) cases.push(one);
      }
      return cases;
    },
    summary: () => environment.lines.findLast(({ message }) => message === 'reconcile')?.fields,
    dues: () => world.table.rows().filter(({ pk }) => String(pk).startsWith('due#')) as unknown as DueRow[],
    /** Lets the forwarder take what lies in its queue. */
    async forward() {
      const records = forwardQueue.receive(10).map((message) => queueRecord('forward', message));
      const { batchItemFailures } = await createForwarder()({ Records: records }, { [ENVIRONMENT]: environment });
      expect(batchItemFailures).toEqual([]);
      for (const { receiptHandle } of records) forwardQueue.delete(receiptHandle);
      return records.map(({ body }) => decodeEnvelope(body).id);
    },
  };
}

describe('a message that waits for its moment', () => {
  test.each([
    ['a few minutes', 10 * MINUTE],
    ['three days', 3 * DAY],
  ])('is scheduled in its line and on the radar, and never missing before it: %s', async (_, delay) => {
    const { run, runFor, commit, mint, at, clock, reconcile, environment } = delaying();
    await run();
    commit(mint(0), 'order.placed', at(NOW + delay));
    // Nothing says that it was put to wait: it is not missing for that.
    const worst = await runFor(Math.min(delay, 20 * MINUTE) - 1_000);
    expect(worst).toMatchObject({ 'orders.missing-ratio': 0, 'oldest-unended': 0, quarantined: 0 });
    const { lines, missing } = await reconcile({ from: NOW - MINUTE });
    expect({ lines, missing }).toEqual({
      lines: { orders: { committed: 1, handled: 0, inFlight: 0, scheduled: 1, dead: 0 } },
      missing: [],
    });
    const radar = await readRadar(environment, 'ledger', ['orders'], { from: NOW - MINUTE, to: clock.now() });
    expect(radar.get('orders')).toMatchObject([{ committed: 1, scheduled: 1, missing: 0 }]);
  });

  test('has no case while its row says when to send it, and is named and sent within a minute of its deadline', async () => {
    const { run, runFor, commit, mint, at, wait, relay, clock, cases, queue, summary, end } = delaying();
    await run();
    const moment = NOW + 2 * HOUR;
    const id = commit(mint(0), 'order.placed', at(moment));
    await relay(id, SCHEDULE);
    wait(id, moment);
    await runFor(2 * HOUR);
    expect(await cases()).toEqual([]);

    await relay(id, 'payment');
    clock.pass(moment - clock.now() + DEADLINE);
    await run();
    expect(summary()).toMatchObject({ missing: 1, resent: 1 });
    expect(await cases()).toMatchObject([
      { id, subscriber: 'payment', state: 'missing', hop: 'broker', deliverAt: moment },
    ]);
    expect(queue('payment').receive(10)).toHaveLength(1);
    end(id, 'payment');
    await runFor(3 * MINUTE);
    expect(await cases()).toEqual([]);
  });

  test('that was handled in its moment never has a case', async () => {
    const { run, runFor, commit, mint, at, wait, end, cases, summary } = delaying();
    await run();
    const moment = NOW + 30 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    await runFor(30 * MINUTE);
    end(id, 'payment');
    for (let minutes = 0; minutes < 5; minutes++) {
      await runFor(MINUTE);
      expect(await cases()).toEqual([]);
      expect(summary()).not.toHaveProperty('closed');
    }
  });

  test('and lies in a queue with a delay, is looked at again when it is due', async () => {
    const { run, runFor, commit, mint, at, relay, cases, clock, queue, environment } = delaying();
    await run();
    const moment = NOW + 10 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    await relay(id, 'payment');
    await runFor(2 * MINUTE);
    expect(await cases()).toMatchObject([{ id, state: 'waiting', next: moment + DEADLINE, tries: 0 }]);
    const reads = environment.usage.calls.GetItem ?? 0;
    clock.pass(7 * MINUTE);
    await run();
    // Its case is not looked at before it is due: what is read are cursors.
    expect((environment.usage.calls.GetItem ?? 0) - reads).toBeLessThanOrEqual(5);
    clock.pass(2 * MINUTE);
    await run();
    expect(await cases()).toMatchObject([{ id, state: 'missing', hop: 'broker' }]);
    expect(queue('payment').receive(10)).toHaveLength(1);
  });

  test.each([
    ['a few minutes', 10 * MINUTE],
    ['three days', 3 * DAY],
  ])('and that the relay lost, is relayed again once the relay has had its time: %s', async (_, delay) => {
    const { run, runFor, commit, mint, at, cases, clock, queue, forwardQueue, forward, dues } = delaying({
      subscribers: ['payment', 'sales'],
    });
    await run();
    const moment = NOW + delay;
    const id = commit(mint(0), 'order.placed', at(moment));
    clock.pass(DEADLINE + PATIENCE - 1_000);
    await run();
    expect(forwardQueue.messages()).toEqual([]);
    clock.pass(1_000);
    expect(await run()).toMatchObject({ 'orders.missing-ratio': 0 });
    // Once for both subscribers, and to neither of them before its moment.
    expect(await forward()).toEqual([id]);
    expect([queue('payment').receive(10), queue('sales').receive(10)]).toEqual([[], []]);
    await runFor(5 * MINUTE);
    expect(forwardQueue.messages()).toEqual([]);
    if (delay > 15 * MINUTE) expect([dues().length, await cases()]).toEqual([1, []]);
    else expect(await cases()).toMatchObject([{ next: moment + DEADLINE }, { next: moment + DEADLINE }]);
  });

  test('is not taken for lost because others were sent and handled during its delay', async () => {
    const { run, commit, mint, at, relay, clock, end, cases, queue, environment } = delaying();
    await run();
    const moment = NOW + 10 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    await relay(id, 'payment');
    clock.pass(10 * MINUTE);
    end(commit(mint(0)), 'payment', 'handled', clock.now());
    clock.pass(DEADLINE + 1_000);
    await environment.sqs.send(new SendMessageCommand({ QueueUrl: queue('payment').url, MessageBody: 'it' }));
    await run();
    expect(await cases()).toMatchObject([{ id, state: 'waiting' }]);
  });

  test('does not hide another one that was lost from the same queue', async () => {
    const { run, commit, mint, relay, clock, cases, queue, environment } = delaying();
    await run();
    const id = commit(mint(0));
    await relay(id, 'payment');
    const waiting = { QueueUrl: queue('payment').url, MessageBody: 'waits', DelaySeconds: 900 };
    await environment.sqs.send(new SendMessageCommand(waiting));
    clock.pass(DEADLINE + 1_000);
    await run();
    expect(await cases()).toMatchObject([{ id, state: 'missing', hop: 'broker' }]);
  });

  test('is as old as its moment', async () => {
    const { run, runFor, commit, mint, at, wait, relay, clock, environment, queue } = delaying();
    await run();
    const moment = NOW + 2 * HOUR;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    expect(await runFor(2 * HOUR)).toMatchObject({ 'oldest-unended': 0 });
    await relay(id, 'payment');
    await environment.sqs.send(new SendMessageCommand({ QueueUrl: queue('payment').url, MessageBody: 'it' }));
    clock.pass(DEADLINE + 1_000);
    expect(await run()).toMatchObject({ 'oldest-unended': 61 });
  });
});

describe('the pass over due rows', () => {
  test('finds each message that has not ended once, whenever it is made and however often', {
    timeout: 60_000,
  }, async () => {
    const message = fc.record({
      delay: fc.integer({ min: 16 * MINUTE, max: HOUR }),
      ended: fc.constantFrom('both', 'one', 'none'),
    });
    const pauses = fc.array(fc.integer({ min: 1_000, max: 20 * MINUTE }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), pauses, async (messages, steps) => {
        const world = delaying({ subscribers: ['payment', 'sales'] });
        await world.run();
        const open: string[] = [];
        for (const { delay, ended } of messages) {
          const moment = NOW + delay;
          const id = world.commit(world.mint(0), 'order.placed', world.at(moment));
          world.wait(id, moment);
          if (ended !== 'none') world.end(id, 'payment');
          if (ended === 'both') world.end(id, 'sales');
          if (ended === 'none') open.push(`${id} payment`);
          if (ended !== 'both') open.push(`${id} sales`);
        }
        for (const pause of steps) {
          world.clock.pass(pause);
          await world.run();
        }
        world.clock.pass(Math.max(0, NOW + 2 * HOUR - world.clock.now()));
        for (let runs = 0; runs < 9; runs++) await world.run();
        const cases = await world.cases();
        expect(cases.map(({ id, subscriber }) => `${id} ${subscriber}`).sort()).toEqual(open.sort());
      }),
      { numRuns: 15 },
    );
  });

  test('reads a hundred rows a call', async () => {
    const { run, commit, mint, at, wait, end, clock, environment } = delaying();
    await run();
    const moment = NOW + HOUR;
    for (let count = 0; count < 1_000; count++) {
      const id = commit(mint(0), 'order.placed', at(moment));
      wait(id, moment);
      end(id, 'payment');
    }
    clock.pass(HOUR + 2 * MINUTE);
    const before = structuredClone(environment.usage);
    // A run looks at fifteen minutes.
    for (let runs = 0; runs < 6; runs++) await run();
    const { calls } = usageSince(before, environment.usage);
    // For each of four shards ten outbox and ten inbox rows of a hundred at most, of which some are cut.
    expect(calls.BatchGetItem).toBeLessThanOrEqual(2 * (10 + 4));
    expect(calls.BatchGetItem).toBeGreaterThanOrEqual(20);
  });
});

describe('a cancelled message', () => {
  test('is counted among the copies that were cancelled, and neither missing nor uncaused', async () => {
    const { run, runFor, commit, mint, at, wait, reconcile, cases, table, environment } = delaying({
      subscribers: ['payment', 'sales'],
    });
    await run();
    const moment = NOW + HOUR;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    expect(await cancel(id, { environment })).toMatchObject({ cancelled: true });
    expect(await runFor(HOUR + 5 * MINUTE)).toMatchObject({ 'orders.missing-ratio': 0, uncaused: 0 });
    expect(await cases()).toEqual([]);
    const { lines, copies, missing } = await reconcile({ from: NOW - MINUTE });
    expect({ lines, missing }).toEqual({
      lines: { orders: { committed: 1, handled: 1, inFlight: 0, scheduled: 0, dead: 0 } },
      missing: [],
    });
    expect(copies).toMatchObject({ cancelled: 2, handled: 0 });
    table.write(toItem(outboxKey(id)), undefined);
    expect((await reconcile({ from: NOW - MINUTE })).uncaused).toEqual([]);
  });

  test('is ended where it came to be expected only afterwards, rather than sent there', async () => {
    const { run, runFor, commit, mint, at, wait, routes, put, table, environment, queue, reconcile, cases } =
      delaying();
    const [route] = routes;
    if (!route) throw new Error('The world has no route');
    // Nobody expects it when it is cancelled; then comes the first subscriber that its type ever had.
    table.write(toItem(routeKey(route.type, route.subscriber)), undefined);
    await run();
    const moment = NOW + HOUR;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    expect(await cancel(id, { environment })).toMatchObject({ cancelled: true });
    put(routeKey(route.type, route.subscriber), route);
    expect(table.get(toItem(inboxKey('payment', id)))).toBeUndefined();
    const worst = await runFor(HOUR + 5 * MINUTE);
    expect(worst).toMatchObject({ 'orders.missing-ratio': 0 });
    expect(queue('payment').messages()).toEqual([]);
    // From now on, a copy that is still on its way takes no effect either.
    expect(table.get(toItem(inboxKey('payment', id)))).toMatchObject({ state: { S: 'cancelled' } });
    expect(await cases()).toEqual([]);
    expect((await reconcile({ from: NOW - MINUTE })).copies).toMatchObject({ cancelled: 1 });
  });

  test('is not missing for reconciliation that only reads, either', async () => {
    const { commit, mint, reconcile } = delaying();
    commit(mint(DEADLINE + HOUR), 'order.placed', {}, { cancelled: NOW - HOUR });
    const { missing, copies } = await reconcile({ from: NOW - 2 * HOUR });
    expect({ missing, copies }).toMatchObject({ missing: [], copies: { cancelled: 1 } });
  });
});

describe('a handshake that stays pending', () => {
  const pending = () => {
    const world = delaying({ subscribers: ['payment', 'sales'] });
    const id = world.commit(world.mint(DEADLINE + 2 * MINUTE), 'order.placed', {}, { sending: 'pending' });
    const followUp = async (budget: number) =>
      heal(world.environment, { ...world.inspection, graph: await readGraph(world.environment, 'ledger'), budget });
    return { ...world, id, followUp, sending: () => world.table.get(toItem(outboxKey(id)))?.sending?.S };
  };

  test('is told by its hop', async () => {
    const { reconcile, id } = pending();
    const { missing } = await reconcile();
    expect(missing.map(({ id: missed, hop, subscriber }) => [missed, hop, subscriber])).toEqual([
      [id, 'producer', 'payment'],
      [id, 'producer', 'sales'],
    ]);
    expect(missing[0]?.evidence).toContain('pending');
  });

  test('is put into the forward queue once, outside of the budget, and marked as sent', async () => {
    const { run, followUp, forward, clock, queue, sending, cases, id } = pending();
    await run();
    const before = await cases();
    expect(before).toMatchObject([
      { hop: 'producer', tries: 0 },
      { hop: 'producer', tries: 0 },
    ]);
    expect(sending()).toBe('sent');
    expect(await forward()).toEqual([id]);
    expect([queue('payment').receive(10).length, queue('sales').receive(10).length]).toEqual([1, 1]);
    clock.pass(30_000);
    expect(await followUp(0)).toMatchObject({ forwarded: [], resent: [], deferred: 0 });
    expect(await forward()).toEqual([]);
  });

  test('needs no budget', async () => {
    const { followUp, forward, environment, id } = pending();
    const opened = { id, type: 'order.placed', businessLine: 'orders', state: 'waiting', tries: 0, next: 0 } as const;
    await openCase(environment, 'ledger', { ...opened, subscriber: 'payment' });
    expect(await followUp(0)).toMatchObject({ forwarded: [{ id }], deferred: 0 });
    expect(await forward()).toEqual([id]);
  });

  test('and was forwarded in vain, is sent to who lacks it as anything else is', async () => {
    const { run, clock, forwardQueue, queue, cases, summary } = pending();
    await run();
    for (const { receiptHandle = '' } of forwardQueue.receive(10)) forwardQueue.delete(receiptHandle);
    clock.pass(MINUTE);
    await run();
    expect(summary()).toMatchObject({ resent: 2 });
    expect(await cases()).toMatchObject([
      { hop: 'relay', tries: 1 },
      { hop: 'relay', tries: 1 },
    ]);
    expect([queue('payment').receive(10).length, queue('sales').receive(10).length]).toEqual([1, 1]);
    expect(forwardQueue.messages()).toEqual([]);
  });

  test('is not forwarded when it was cancelled', async () => {
    const { run, environment, id, forwardQueue, cases } = pending();
    await cancel(id, { environment });
    await run();
    expect([forwardQueue.messages(), await cases()]).toEqual([[], []]);
  });
});

describe('sending again', () => {
  const world = () => {
    const { routes, ...rest } = delaying();
    const [route] = routes;
    if (!route) throw new Error('The world has no route');
    return { ...rest, send: (id: string) => resend(rest.environment, rest.inspection, id, route) };
  };

  test('is never early: what is not due goes with the whole seconds that remain', async () => {
    const { commit, mint, at, send, queue, clock } = world();
    await send(commit(mint(0), 'order.placed', at(NOW + 90_900)));
    clock.pass(89_999);
    expect(queue('payment').receive(10)).toEqual([]);
    clock.pass(1);
    expect(queue('payment').receive(10)).toHaveLength(1);
  });

  test('says of what is due later than a queue can delay that there is nothing to send', async () => {
    const { commit, mint, at, send, queue } = world();
    const id = commit(mint(0), 'order.placed', at(NOW + HOUR));
    await expect(send(id)).rejects.toMatchObject({ code: 'not-due' });
    expect(queue('payment').messages()).toEqual([]);
    expect(messageTime(id)).toBe(NOW);
  });
});
