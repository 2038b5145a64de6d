import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { SCHEDULE } from '../../lib/ledger/receipt.ts';
import { readRadar } from '../../lib/reconcile/radar-rows.ts';
import { DAY, delaying, MINUTE, PATIENCE } from './delaying-world.ts';
import { DEADLINE, NOW } from './reconcile-world.ts';

describe('a message that waits for its moment', () => {
  test.each([
    ['a few minutes', 10 * MINUTE],
    ['three days', 3 * DAY],
  ])('is scheduled in its line and on the radar, and never missing before it: %s', async (_, delay) => {
    const { run, runFor, commit, mint, at, clock, reconcile, ledger } = delaying();
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
    const radar = await readRadar(ledger, ['orders'], { from: NOW - MINUTE, to: clock.now() });
    expect(radar.get('orders')).toMatchObject([{ committed: 1, scheduled: 1, missing: 0 }]);
  });

  test('has no case while its row says when to send it, and is named and sent within a minute of its deadline', async () => {
    const { run, runFor, commit, mint, at, wait, relay, clock, cases, queue, summary, end } = delaying();
    await run();
    const moment = NOW + 40 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    await relay(id, SCHEDULE);
    wait(id, moment);
    await runFor(40 * MINUTE);
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
    expect((environment.usage.calls.GetItem ?? 0) - reads).toBeLessThanOrEqual(6);
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
    const moment = NOW + 40 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    expect(await runFor(40 * MINUTE)).toMatchObject({ 'oldest-unended': 0 });
    await relay(id, 'payment');
    await environment.sqs.send(new SendMessageCommand({ QueueUrl: queue('payment').url, MessageBody: 'it' }));
    clock.pass(DEADLINE + 1_000);
    expect(await run()).toMatchObject({ 'oldest-unended': 61 });
  });
});
