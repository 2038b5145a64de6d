import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { readGraph } from '../../lib/ledger/graph.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { type Case, casesOf, openCase } from '../../lib/reconcile/cases.ts';
import { HEALING_TRIES, heal } from '../../lib/reconcile/heal.ts';
import { serviceError } from '../faults.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

const OVERDUE = DEADLINE + 120_000;

function healing() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const { ledger } = world;
  return {
    ...world,
    open: async (id: string, rest: Partial<Case> = {}) => {
      const waiting = { id, subscriber: 'payment', type: 'order.placed', businessLine: 'orders', tries: 0, next: 0 };
      await openCase(ledger, { ...waiting, state: 'waiting', ...rest });
      return id;
    },
    heal: async (budget = 10, options = {}) => heal(ledger, { graph: await readGraph(ledger), budget, ...options }),
    cases: async () => {
      const cases: Case[] = [];
      for (let shard = 0; shard < ledger.shards; shard++) {
        for await (const one of casesOf(ledger, shard)) cases.push(one);
      }
      return cases;
    },
    /** Takes all messages out of the queue, as a thief would. */
    take: () =>
      world
        .queue('payment')
        .receive(100)
        .map(({ body, receiptHandle = '' }) => {
          world.queue('payment').delete(receiptHandle);
          return body;
        }),
  };
}

describe('healing', () => {
  test('sends what is missing to the subscriber that lacks it, unchanged but for its stamp', async () => {
    const { heal, open, commit, mint, take, cases } = healing();
    const id = await open(commit(mint(OVERDUE)));
    const { resent } = await heal();
    expect(resent).toMatchObject([{ id, subscriber: 'payment', hop: 'relay', tries: 1 }]);
    const bodies = take();
    expect(bodies.map((body) => decodeEnvelope(body).id)).toEqual([id]);
    expect(await cases()).toMatchObject([{ id, state: 'missing', tries: 1 }]);
  });

  test('closes the case of what has ended, by whichever way it came', async () => {
    const { heal, open, commit, mint, end, take, cases } = healing();
    const id = await open(commit(mint(OVERDUE)));
    end(id, 'payment');
    expect((await heal()).closed).toMatchObject([{ id }]);
    expect(await cases()).toEqual([]);
    expect(take()).toEqual([]);
  });

  test('never sends what is late behind others', async () => {
    const { heal, open, commit, mint, relay, environment, queue } = healing();
    const id = await open(commit(mint(OVERDUE)));
    await relay(id, 'payment');
    await environment.sqs.send(new SendMessageCommand({ QueueUrl: queue('payment').url, MessageBody: 'another' }));
    const { resent, missing } = await heal();
    expect([resent, missing]).toEqual([[], []]);
  });

  test('names what a stopped consumer does not take, and makes no storm of it', async () => {
    const { heal, open, commit, mint, relay, environment, queue, take } = healing();
    const ids = await Promise.all([1, 2, 3].map(() => open(commit(mint(OVERDUE)))));
    for (const id of ids) await relay(id, 'payment');
    await environment.sqs.send(new SendMessageCommand({ QueueUrl: queue('payment').url, MessageBody: 'another' }));
    const { resent, missing } = await heal(10, { listEventSources: async () => [{ state: 'Disabled' }] });
    expect(resent).toEqual([]);
    expect(missing.map(({ id, hop }) => [id, hop]).sort()).toEqual(ids.map((id) => [id, 'consumer']).sort());
    expect(take()).toEqual(['another']);
  });

  test('sends no more than its budget, and says what it put off', async () => {
    const { heal, open, commit, mint, take } = healing();
    for (let count = 0; count < 25; count++) await open(commit(mint(OVERDUE)));
    const { resent, deferred, missing } = await heal(10);
    expect([resent.length, deferred, missing.length]).toEqual([10, 15, 25]);
    expect(take()).toHaveLength(10);
  });

  test('spaces its tries by the visibility timeout at least, and quarantines after the last', async () => {
    const { heal, open, commit, mint, clock, take, cases } = healing();
    const id = await open(commit(mint(OVERDUE)));
    for (let tries = 1; tries <= HEALING_TRIES; tries++) {
      expect((await heal()).resent).toMatchObject([{ id, tries }]);
      expect(take()).toHaveLength(1);
      clock.pass(30_000 - 1);
      expect((await heal()).resent).toEqual([]);
      clock.pass(60 * 60_000);
    }
    const { resent, missing } = await heal();
    expect(resent).toEqual([]);
    expect(missing).toMatchObject([{ id, state: 'quarantined' }]);
    expect(await cases()).toMatchObject([{ id, state: 'quarantined', tries: HEALING_TRIES }]);
  });

  test('tells of a case that it could not follow up, or not heal, and looks at it again', async () => {
    const { heal, open, commit, mint, environment, take } = healing();
    const id = await open(commit(mint(OVERDUE)));
    const { dynamodb, sqs } = environment;
    const failing = (client: { send: unknown }, name: string) => {
      const send = (client.send as (command: object) => Promise<unknown>).bind(client);
      client.send = (command: object) =>
        command.constructor.name === name ? Promise.reject(serviceError('AccessDenied')) : send(command);
      return () => Object.assign(client, { send });
    };
    const mend = failing(dynamodb, 'PutItemCommand');
    expect(await heal()).toMatchObject({ resent: [] });
    mend();
    failing(sqs, 'SendMessageBatchCommand');
    expect(await heal()).toMatchObject({ resent: [] });
    expect(take()).toEqual([]);
    const told = (message: string) => environment.lines.filter((line) => line.message === message);
    expect(told('not followed up')).toEqual([
      {
        level: 'warn',
        message: 'not followed up',
        fields: { messageId: id, subscriber: 'payment', error: 'AccessDenied' },
      },
    ]);
    expect(told('not healed')).toEqual([
      { level: 'warn', message: 'not healed', fields: { messageId: id, subscriber: 'payment', error: 'send-failed' } },
    ]);
  });

  test('sends once when two runs meet', async () => {
    const { heal, open, commit, mint, take } = healing();
    await open(commit(mint(OVERDUE)));
    const [one, other] = await Promise.all([heal(), heal()]);
    expect(one.resent.length + other.resent.length).toBe(1);
    expect(take()).toHaveLength(1);
  });
});

interface FollowedUp {
  /** What lies in the ledger beside the message and its case. */
  readonly arrange?: (world: ReturnType<typeof healing>, id: string) => unknown;
  /** The case as it was read. */
  readonly read?: Partial<Case>;
  readonly budget?: number;
  readonly sources?: 'refused' | 'disabled';
  /** The case as it is now; `undefined` where it was closed. */
  readonly now: Partial<Case> | undefined;
  /** What healing tells of it, beside what is missing and cannot be judged. */
  readonly told?: readonly ('closed' | 'expired' | 'resent')[];
}

const lost = { hop: 'relay', evidence: "no receipt says that it was sent to 'payment'" } as const;
const LATER = NOW + 60_000;

/** What becomes of an overdue message's case, by what is found of the message. */
const followedUp: Readonly<Record<string, FollowedUp>> = {
  'has ended': { arrange: ({ end }, id) => end(id, 'payment'), now: undefined, told: ['closed'] },
  'was cancelled': {
    arrange: ({ commit }, id) => commit(id, 'order.placed', {}, { cancelled: NOW }),
    now: undefined,
    told: ['closed'],
  },
  'rests until its next attempt': {
    arrange: ({ fail }, id) => fail(id, 'payment', NOW),
    read: { state: 'missing', ...lost, tries: 2 },
    now: { state: 'waiting', ...lost, tries: 2, next: LATER },
  },
  'cannot be judged': {
    arrange: ({ relay }, id) => relay(id, 'payment'),
    sources: 'refused',
    read: { state: 'missing', ...lost, tries: 2 },
    now: {
      state: 'unjudged',
      hop: 'relay',
      evidence: 'cannot be judged: its event sources cannot be listed (Refused)',
      tries: 2,
      next: LATER,
    },
  },
  'cannot be judged, and was given up': {
    arrange: ({ relay }, id) => relay(id, 'payment'),
    sources: 'refused',
    read: { state: 'quarantined', ...lost, tries: HEALING_TRIES },
    now: { state: 'quarantined', ...lost, tries: HEALING_TRIES, next: LATER },
  },
  'is missing': { now: { state: 'missing', ...lost, tries: 1, next: NOW + 60_000 }, told: ['resent'] },
  'is missing once more, and its waits grow': {
    read: { state: 'missing', ...lost, tries: 4 },
    now: { state: 'missing', ...lost, tries: 5, next: NOW + 5 * 60_000 },
    told: ['resent'],
  },
  'is missing after all tries but one': {
    read: { state: 'missing', ...lost, tries: HEALING_TRIES - 1 },
    now: { state: 'missing', ...lost, tries: HEALING_TRIES, next: NOW + 21 * 60_000 },
    told: ['resent'],
  },
  'is missing after all tries': {
    read: { state: 'missing', ...lost, tries: HEALING_TRIES },
    now: { state: 'quarantined', ...lost, tries: HEALING_TRIES, next: LATER },
  },
  'is missing, where the budget is spent': {
    budget: 0,
    now: { state: 'missing', ...lost, tries: 0, next: LATER },
  },
  'lies in a queue that nothing reads': {
    arrange: ({ relay, queue }, id) => {
      queue('payment').send({ id: 'other', body: 'other', attributes: {} });
      return relay(id, 'payment');
    },
    sources: 'disabled',
    now: { state: 'missing', hop: 'consumer', evidence: 'its event source is disabled', tries: 0, next: LATER },
  },
  'is missing, and has expired': {
    read: { expires: NOW },
    now: undefined,
    told: ['closed', 'expired'],
  },
  'is missing, and expires in a moment': {
    read: { expires: NOW + 1 },
    now: { state: 'missing', ...lost, tries: 1, next: NOW + 60_000, expires: NOW + 1 },
    told: ['resent'],
  },
  'is missing and has expired, where the budget is spent': {
    budget: 0,
    read: { expires: NOW },
    now: { state: 'waiting', tries: 0, next: LATER, expires: NOW },
  },
};

test.each(Object.entries(followedUp))('the case of a message that %s', async (_name, one) => {
  const { arrange, read = {}, budget = 10, sources, now, told = [] } = one;
  const world = healing();
  const id = await world.open(world.commit(world.mint(OVERDUE)), read);
  await arrange?.(world, id);
  const refused = () => Promise.reject(Object.assign(new Error('no'), { name: 'Refused' }));
  const listEventSources = sources === 'refused' ? refused : async () => [{ state: 'Disabled' }];
  const found = await world.heal(budget, sources && { listEventSources });
  const common = { id, subscriber: 'payment', type: 'order.placed', businessLine: 'orders' };
  expect(await world.cases()).toEqual(now ? [{ ...common, ...now }] : []);
  const names = ['closed', 'abandoned', 'expired', 'resent', 'forwarded', 'unjudged', 'missing'] as const;
  const state = now?.state === 'quarantined' ? 'missing' : now?.state;
  expect(names.filter((name) => found[name].length > 0)).toEqual(
    names.filter((name) => told.includes(name as 'closed') || name === state),
  );
  expect(found.deferred).toBe(budget === 0 ? 1 : 0);
  const moment = NOW - OVERDUE;
  expect(found.oldest).toBe(now ? moment : undefined);
});
