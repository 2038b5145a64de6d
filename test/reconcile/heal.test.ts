import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { readGraph } from '../../lib/ledger/graph.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { type Case, casesOf, openCase } from '../../lib/reconcile/cases.ts';
import { HEALING_TRIES, heal } from '../../lib/reconcile/heal.ts';
import { serviceError } from '../faults.ts';
import { DEADLINE, reconcileWorld } from './reconcile-world.ts';

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
