import { describe, expect, test } from 'vitest';
import { type Deeds, LEAST_ORDERS, type Scene, sabotage } from '../../demo/drills/sabotage.ts';
import { type NamedMessage, SabotageWatch } from '../../demo/drills/sabotage-watch.ts';
import { judgeSabotage, type SabotageEvidence, sabotageProblems } from '../../demo/drills/sabotaged-run.ts';
import { generateOrders } from '../../demo/orders.ts';
import { runDemo } from '../../demo/program.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { end, placed, subscribers } from './evidence.ts';

const START = Date.parse('2026-11-23T08:00:00Z');
const random = seededRandom(3);

/** An order's message that was committed so many milliseconds after the start. */
function order(at: number) {
  return { ...placed, id: mintMessageId({ now: START + at, random: random(16), key: 'order', shards: 16 }) };
}

const stolen = order(0);
const dropped = order(1_000);
const held = order(2_000);
const whole = order(3_000);
const refused = order(4_000);
const orphaned = order(5_000);
const messages = [stolen, dropped, held, whole, refused, orphaned];

const deeds: Deeds = {
  refused: [refused.id],
  stolen: [stolen.id],
  dropped: [dropped.id],
  orphaned: [orphaned.id],
  blocked: { subscriber: 'count', waiting: [held.id, whole.id], overdue: [held.id] },
};

function named(message: { readonly id: string }, hop: NamedMessage['hop'], subscriber = 'pay'): NamedMessage {
  return { id: message.id, subscriber, hop, at: START };
}

/** A run in which everything that was broken was named and healed. */
function broken(change: Partial<SabotageEvidence> = {}): SabotageEvidence {
  const endedAt = (subscriber: string, message: typeof stolen, at: number) =>
    end(subscriber, message, 'handled', { hops: { committed: START, received: START + at, ended: START + at } });
  return {
    deeds,
    subscribers,
    committed: messages,
    ended: [
      endedAt('pay', stolen, 40_000),
      endedAt('count', stolen, 500),
      endedAt('pay', dropped, 50_000),
      endedAt('count', dropped, 50_000),
      endedAt('pay', held, 2_500),
      endedAt('count', held, 16_500),
      endedAt('pay', whole, 3_500),
      endedAt('count', whole, 16_500),
      endedAt('pay', refused, 60_000),
      endedAt('count', refused, 4_500),
      endedAt('pay', orphaned, 5_500),
      endedAt('count', orphaned, 5_500),
    ],
    named: [
      named(stolen, 'broker'),
      named(dropped, 'relay'),
      named(dropped, 'relay', 'count'),
      named(held, 'consumer', 'count'),
      named(refused, 'relay'),
      named(orphaned, 'consumer', 'award-points'),
    ],
    abandoned: new Set([orphaned.id]),
    ...change,
  };
}

const verdictOf = (change: Partial<SabotageEvidence> = {}) => judgeSabotage(broken(change));
const without = (message: typeof stolen) => broken().named.filter(({ id }) => id !== message.id);

describe('a sabotaged run', () => {
  test('is well when each broken message was named with its hop, once, and has ended', () => {
    const verdict = verdictOf();
    const each = [
      { id: stolen.id, hop: 'broker' },
      { id: refused.id, hop: 'relay' },
      { id: dropped.id, hop: 'relay' },
      { id: held.id, hop: 'consumer' },
      { id: orphaned.id, hop: 'consumer' },
    ];
    expect(verdict).toEqual({
      sabotage: each,
      named: expect.toSatisfy(
        (some: object[]) =>
          some.length === each.length &&
          each.every((one) => some.some((other) => JSON.stringify(other) === JSON.stringify(one))),
      ),
      healed: each.map(({ id }) => id),
      falselyNamed: [],
    });
    expect(sabotageProblems(verdict)).toEqual([]);
  });

  test.each([
    ['stolen', stolen, 'broker'],
    ['dropped', dropped, 'relay'],
    ['held back', held, 'consumer'],
    ['refused by its destination', refused, 'relay'],
    ['left by its subscriber', orphaned, 'consumer'],
  ] as const)('is not well when a message that was %s is not named', (_, message, hop) => {
    expect(sabotageProblems(verdictOf({ named: without(message) }))).toEqual([
      `Not named: ${message.id}, stopped at the ${hop}`,
    ]);
  });

  test('is not well when one is named at another hop', () => {
    const problems = sabotageProblems(verdictOf({ named: [...without(stolen), named(stolen, 'relay')] }));
    expect(problems).toEqual([`Not named: ${stolen.id}, stopped at the broker`, `Falsely named: ${stolen.id}`]);
  });

  test('is not well when a message is named to which nothing was done', () => {
    const { falselyNamed } = verdictOf({ named: [...broken().named, named(whole, 'broker')] });
    expect(falselyNamed).toEqual([whole.id]);
  });

  test('lets a message be named or not whose deadline passed while the block was being ended', () => {
    const verdict = verdictOf({ named: [...broken().named, named(whole, 'consumer', 'count')] });
    expect(verdict.sabotage).toContainEqual({ id: whole.id, hop: 'consumer' });
    expect(sabotageProblems(verdict)).toEqual([]);
  });

  test('lets none be named as held back that had ended before, or elsewhere', () => {
    const early = verdictOf({ named: [...broken().named, named(whole, 'consumer')] });
    expect(early.falselyNamed).toEqual([whole.id]);
    const ended = verdictOf({ named: [...broken().named, named(stolen, 'consumer', 'count')] });
    expect(ended.falselyNamed).toEqual([stolen.id]);
  });

  test('is not well when what its subscriber left behind is not abandoned', () => {
    const problems = sabotageProblems(verdictOf({ abandoned: new Set() }));
    expect(problems).toEqual([`Not healed: ${orphaned.id}, stopped at the consumer`]);
  });

  test('is not well when a broken message has not ended everywhere', () => {
    const ended = broken().ended.filter(({ subscriber, message }) => subscriber !== 'count' || message !== dropped);
    const problems = sabotageProblems(verdictOf({ ended }));
    expect(problems).toEqual([`Not healed: ${dropped.id}, stopped at the relay`]);
  });

  test('proves nothing when nothing was broken', () => {
    const verdict = verdictOf({ deeds: { refused: [], stolen: [], dropped: [], orphaned: [] }, named: [] });
    expect(sabotageProblems(verdict)).toEqual([
      'Nothing was broken at the relay',
      'Nothing was broken at the broker',
      'Nothing was broken at the consumer',
    ]);
  });

  test('leaves other runs of the ledger alone', () => {
    const verdict = verdictOf({ named: [...broken().named, named({ id: order(9_000).id }, 'broker')] });
    expect(sabotageProblems(verdict)).toEqual([]);
  });
});

test('too few orders are refused before anything is broken', async () => {
  const orders = generateOrders(LEAST_ORDERS - 1, 1);
  const submitted: unknown[] = [];
  const scene: Scene = {
    orders,
    deployment: {} as Scene['deployment'],
    tracker: {} as Scene['tracker'],
    environment: {} as Scene['environment'],
    signal: new AbortController().signal,
    submit: async (some) => {
      submitted.push(...some);
      return [];
    },
  };
  const refused = sabotage(scene, new SabotageWatch(scene.deployment, { note: () => undefined }), {
    note: () => undefined,
  });
  await expect(refused).rejects.toMatchObject({ code: 'too-few-orders' });
  expect(submitted).toEqual([]);
});

test.each(['--aws', '--duplicates=0.1', '--poison=0.1'])('%s does not go with --sabotage', async (option) => {
  const context = capturedContext({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  expect(await runDemo(['--sabotage', option], context)).toBe(2);
  expect(context.stderr()).toContain("option '--sabotage' cannot be used with option");
});
