import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addLine, type FunctionUsage } from '../../demo/function-logs.ts';
import { generateOrders } from '../../demo/orders.ts';
import type { Poison } from '../../demo/poison.ts';
import { inTurn, type Submission, submitOrders } from '../../demo/submission.ts';
import { problemsOf, summaryOf } from '../../demo/summary.ts';
import { judge } from '../../demo/verdict.ts';
import { type Watched, watch } from '../../demo/watch.ts';
import { CommitUndecided } from '../../lib/contract/errors.ts';
import { end, evidence, letter, paid, placed, poison } from './evidence.ts';

describe('orders are submitted', () => {
  test('each once, and an even share of them twice, not before the first time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (count, again) => {
        const orders = Array.from({ length: count }, (_, index) => index);
        const turns = inTurn(orders, again);
        expect(turns).toHaveLength(count + Math.round(count * again));
        expect([...new Set(turns)].sort((one, other) => one - other)).toEqual(orders);
      }),
    );
  });

  const submission = (placeOrder: Submission['placeOrder']) => {
    const followed: string[] = [];
    const onWire: Poison[] = [];
    const undecided: string[] = [];
    return {
      ...{ followed, onWire, placeOrder },
      orders: generateOrders(4, 1).map((order, index) => ({ ...order, orderId: String(index + 1) })),
      poison: [poison({}), poison({})],
      putOnWire: async (one: Poison) => void onWire.push(one),
      tracker: { pending: 0, follow: ({ id }: { id: string }) => followed.push(id) > 0 },
      told: undecided,
      undecided: ({ orderId }: { orderId: string }) => void undecided.push(orderId),
      signal: new AbortController().signal,
    };
  };

  test('with all of the poison between them', async () => {
    const given = submission(async ({ orderId }) => `id-${orderId}`);
    expect(await submitOrders(given)).toEqual(['id-1', 'id-2', 'id-3', 'id-4']);
    expect(given.followed).toEqual(['id-1', 'id-2', 'id-3', 'id-4']);
    expect(given.onWire).toHaveLength(2);
  });

  test('again while their outcome is unknown, and are not taken for committed when it stays so', async () => {
    let tries = 0;
    const given = submission(async ({ orderId }) => {
      if (orderId !== '2') return `id-${orderId}`;
      tries += 1;
      throw new CommitUndecided('unknown');
    });
    await submitOrders(given);
    expect(given.followed).toEqual(['id-1', 'id-3', 'id-4']);
    expect(tries).toBe(3);
    expect(new Set(given.told)).toEqual(new Set(['2']));
  });

  test('until one fails for good', async () => {
    await expect(
      submitOrders(
        submission(async () => {
          throw new TypeError('broken');
        }),
      ),
    ).rejects.toThrow('broken');
  });
});

describe('a run is watched', () => {
  const patience = { pause: 1, idle: 60, held: 60_000 };
  const watched = (change: Partial<Watched> = {}): Watched => ({
    tracker: { messages: new Map(), ended: [], pending: 0, poll: async () => [] },
    duplicates: { sent: {}, send: async () => undefined },
    letters: { letters: [], poll: async () => [] },
    logs: { usage: evidence().functions, poll: async () => evidence().functions },
    isUnderWay: async () => false,
    poison: [],
    report: () => undefined,
    ...change,
  });

  test('until everything has ended and nothing more comes', async () => {
    let open = true;
    const done = watch(watched(), () => open, { ...patience, idle: 60_000 });
    const first = await Promise.race([done, sleep(20, 'open')]);
    open = false;
    expect([first, await done]).toEqual(['open', { messages: 0, pending: 0, letters: 0, copies: 0 }]);
  });

  test('and given up when nothing moves, with what is missing', async () => {
    const stuck = watched({
      tracker: {
        messages: new Map([[placed.id, placed]]),
        ended: [end('ship', paid, 'dead')],
        pending: 2,
        poll: async () => [],
      },
      poison: [poison({ sha256: 'a' }), poison({ sha256: 'b' })],
      letters: { letters: [letter({ sha256: 'a' })], poll: async () => [] },
      duplicates: { ...watched().duplicates, sent: { pay: 3 } },
    });
    expect(await watch(stuck, () => true, patience)).toEqual({ messages: 1, pending: 2, letters: 2, copies: 3 });
  });

  test('and not given up while a message is under way: it is late, and not lost', async () => {
    let isUnderWay = true;
    const late = watched({
      tracker: { ...watched().tracker, pending: 1 },
      isUnderWay: async () => isUnderWay,
    });
    const done = watch(late, () => false, patience);
    expect(await Promise.race([done, sleep(10 * patience.idle, 'open')])).toBe('open');
    isUnderWay = false;
    expect(await done).toMatchObject({ pending: 1 });
  });

  test('nor for ever, for a message that will not come out of its queue', async () => {
    const held = watched({ tracker: { ...watched().tracker, pending: 1 }, isUnderWay: async () => true });
    expect(await watch(held, () => false, { pause: 1, idle: 20, held: 60 })).toMatchObject({ pending: 1 });
  });

  test('no longer than it is wanted', async () => {
    const over = new AbortController();
    const done = watch(watched(), () => true, { pause: 60_000, idle: 60_000, held: 60_000 }, over.signal);
    over.abort();
    expect(await done).toMatchObject({ pending: 0 });
  });

  test('and its copies have to be skipped', async () => {
    const functions = { ...evidence().functions, outcomes: { pay: { already: 2 } } };
    const copied = watched({
      duplicates: { ...watched().duplicates, sent: { pay: 2 } },
      logs: { usage: evidence().functions, poll: async () => functions },
    });
    expect(await watch(copied, () => false, patience)).toMatchObject({ copies: 0 });
  });
});

describe('the logs of functions', () => {
  const usage = (): FunctionUsage => ({ calls: {}, writeUnits: 0, invocations: 0, outcomes: {} });

  test('are added up from the one line of each invocation', () => {
    const sum = usage();
    addLine(
      sum,
      JSON.stringify({ subscriber: 'pay', records: 3, handled: 2, already: 1, calls: { GetItem: 1 }, writeUnits: 4 }),
    );
    addLine(sum, JSON.stringify({ subscriber: 'pay', records: 1, handled: 1, calls: { GetItem: 2 }, writeUnits: 1.5 }));
    addLine(sum, JSON.stringify({ records: 9, calls: { SendMessageBatch: 1 }, writeUnits: 0 }));
    expect(sum).toEqual({
      invocations: 3,
      writeUnits: 5.5,
      calls: { GetItem: 3, SendMessageBatch: 1 },
      outcomes: { pay: { handled: 3, already: 1 } },
    });
  });

  test.each(['START RequestId: 1', '{"_aws":{}}', '{"calls":', '{"calls":null}', '"calls":{}', ''])(
    'hold other lines: %s',
    (line) => {
      const sum = usage();
      addLine(sum, line);
      expect(sum).toEqual(usage());
    },
  );
});

describe('a summary', () => {
  const finished = (given = evidence()) => ({
    ...{ evidence: given, verdict: judge(given), unknown: [], copies: 0, milliseconds: 1_500 },
    reconciliation: {
      lines: {},
      copies: { handled: 0, duplicate: 0, dead: 0, cancelled: 0, late: 0 },
      missing: [],
      uncaused: [],
    },
    missing: { messages: 2, pending: 0, letters: 0, copies: 0 },
  });

  test('says what every subscriber did', () => {
    expect(problemsOf(finished())).toEqual([]);
    expect(summaryOf(finished()).join('\n')).toContain('ship   1 handled, 0 duplicates skipped, 0 dead-lettered');
  });

  test('says of which copies it is not known that they were skipped', () => {
    const missing = { messages: 2, pending: 0, letters: 0, copies: 4 };
    expect(problemsOf({ ...finished(), copies: 9, missing })).toEqual([]);
    expect(summaryOf({ ...finished(), copies: 9, missing }).join()).toContain(
      '9, of which 4 were not seen to be skipped',
    );
  });

  test('names what is wrong', () => {
    const problems = problemsOf({
      ...finished(evidence({ ended: [], poison: [poison({})] })),
      unknown: generateOrders(7, 1).slice(6),
      missing: { messages: 2, pending: 3, letters: 1, copies: 4 },
    });
    expect(problems.join('\n')).toContain('Lost: 2\n  placed-1\n  paid-1');
    expect(problems.join('\n')).toContain('Not dead-lettered: 1\n  no JSON for pay');
    expect(problems.join('\n')).toContain('known whether the shop kept them: 1\n  000007');
  });
});
