import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { reconciliationTable } from '../../lib/cli/reconciliation-table.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { type Case, casesOf } from '../../lib/reconcile/cases.ts';
import { type ListedMessage, messagesOf } from '../../lib/reconcile/messages.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { trace } from '../../lib/trace/trace.ts';
import { DEADLINE, reconcileWorld } from '../reconcile/reconcile-world.ts';

const OVERDUE = DEADLINE + 120_000;

class QueueDoesNotExist extends Error {
  override name = 'QueueDoesNotExist';
}

/** Payment's queue was deleted by hand. One message is missing at each subscriber. */
async function brokenWorld() {
  const world = reconcileWorld({ subscribers: ['payment', 'sales'] });
  const { url } = world.queue('payment');
  const { sqs } = world.environment;
  const send = sqs.send.bind(sqs) as (command: object) => Promise<unknown>;
  sqs.send = ((command: object) => {
    const isGone = command instanceof GetQueueAttributesCommand && command.input.QueueUrl === url;
    return isGone ? Promise.reject(new QueueDoesNotExist('It does not exist')) : send(command);
  }) as typeof sqs.send;
  const id = world.commit(world.mint(OVERDUE));
  await world.relay(id, 'payment');
  await world.relay(id, 'sales');
  return { ...world, id };
}

const evidence = 'cannot be judged: its queue cannot be read (QueueDoesNotExist)';

test('a queue that is gone is told of its subscriber alone, and others are judged', async () => {
  const { reconcile, id } = await brokenWorld();
  const reconciliation = await reconcile();
  expect(reconciliation.missing).toMatchObject([{ id, subscriber: 'sales', hop: 'broker' }]);
  expect(reconciliation.unjudged).toEqual([{ id, subscriber: 'payment', evidence, overdueMs: 120_000 }]);
  expect(reconciliationTable(reconciliation).join('\n')).toContain(`${id}  payment: overdue by 2 min 0 s: ${evidence}`);
});

test('event sources that cannot be listed are told of the suspect, and what has ended is told as before', async () => {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const [lost, handled] = [world.commit(world.mint(OVERDUE)), world.commit(world.mint(OVERDUE))];
  await world.relay(lost, 'payment');
  world.end(handled, 'payment');
  const listEventSources = () => Promise.reject(Object.assign(new Error('Rate exceeded'), { name: 'Throttling' }));
  expect(await world.reconcile({ listEventSources })).toMatchObject({
    lines: { orders: { committed: 2, handled: 1, unjudged: 1 } },
    missing: [],
    unjudged: [{ id: lost, evidence: 'cannot be judged: its event sources cannot be listed (Throttling)' }],
  });
});

test('a trace says what could not be judged', async () => {
  const { environment, inspection, id } = await brokenWorld();
  const { subscribers } = await trace(environment, inspection, id);
  expect(subscribers).toMatchObject([
    { subscriber: 'payment', state: 'unjudged', evidence },
    { subscriber: 'sales', state: 'missing' },
  ]);
});

test('a list of messages says it, and where what is missing stopped', async () => {
  const { ledger, clock, id } = await brokenWorld();
  const range = { graph: await readGraph(ledger), from: clock.now() - 2 * OVERDUE, to: clock.now() };
  const messages: ListedMessage[] = [];
  for await (const one of messagesOf(ledger, range)) messages.push(one);
  const [message] = messages;
  const sent = new Date(clock.now()).toISOString();
  expect(message).toMatchObject({ id, committed: clock.now() - OVERDUE });
  expect(message?.subscribers).toEqual([
    { subscriber: 'payment', state: 'unjudged', evidence },
    {
      subscriber: 'sales',
      state: 'missing',
      hop: 'broker',
      evidence: `sent at ${sent}, never received, and the queue is empty`,
    },
  ]);
});

test('the reconciler comes to its end, keeps the case, and heals what others lack', async () => {
  const { environment, ledger, queue, id } = await brokenWorld();
  const metrics: string[] = [];
  const handler = createReconciler({
    putMetrics: async (_ledger, some) => void metrics.push(...some.map(({ name }) => name)),
  });
  await handler({}, { [ENVIRONMENT]: environment });
  expect(metrics).toContain('reconciled');
  expect(queue('sales').receive(10)).toHaveLength(1);
  const cases: Case[] = [];
  for (let shard = 0; shard < ledger.shards; shard++) {
    for await (const one of casesOf(ledger, shard)) cases.push(one);
  }
  expect(cases).toContainEqual(expect.objectContaining({ id, subscriber: 'payment', state: 'unjudged', evidence }));
  expect(environment.lines.findLast(({ message }) => message === 'reconcile')?.fields).toMatchObject({ unjudged: 1 });
});
