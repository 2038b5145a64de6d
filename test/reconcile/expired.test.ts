import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { readInbox } from '../../lib/ledger/inbox.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { casesOf } from '../../lib/reconcile/cases.ts';
import { createReconciler, type Metric } from '../../lib/reconcile/reconciler.ts';
import { DEADLINE, reconcileWorld } from './reconcile-world.ts';

const DAY = 86_400_000;

/** A message that its subscriber never ends, until it has expired. */
async function expiring({ isGone = false } = {}) {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const { queue, clock, engines, environment: given } = world;
  engines.s3.createBucket('quarantine');
  const environment = { ...given, variables: { ...given.variables, [BINDINGS.quarantineBucket]: 'quarantine' } };
  if (isGone) {
    const send = environment.sqs.send.bind(environment.sqs) as (command: object) => Promise<unknown>;
    environment.sqs.send = ((command: object) =>
      command instanceof GetQueueAttributesCommand
        ? send(command)
        : Promise.reject(
            Object.assign(new Error('gone'), { name: 'QueueDoesNotExist', $fault: 'client' }),
          )) as typeof environment.sqs.send;
  }
  const metrics = new Map<string, number>();
  const handler = createReconciler({
    putMetrics: async (_ledger, some: readonly Metric[]) => {
      for (const { name, value } of some) metrics.set(name, value);
    },
  });
  const bodies: string[] = [];
  const run = async () => {
    await handler({}, { [ENVIRONMENT]: environment });
    for (const { body, receiptHandle = '' } of queue('payment').receive(10)) {
      queue('payment').delete(receiptHandle);
      bodies.push(body);
    }
  };
  await run();
  const id = world.commit(world.mint(0));
  clock.pass(DEADLINE + 60_000);
  await run();
  clock.pass(14 * DAY);
  bodies.length = 0;
  await run();
  clock.pass(60_000);
  await run();
  const cases: unknown[] = [];
  for (let shard = 0; shard < world.ledger.shards; shard++) {
    for await (const one of casesOf(world.ledger, shard)) cases.push(one);
  }
  const ended = await readInbox(world.ledger, 'payment', id);
  return { id, bodies, cases, ended, metrics, object: engines.s3.object('quarantine', `unfinished/payment/${id}`) };
}

test('a message that expires before it ends is dead, and comes to its subscriber once more for its letter', async () => {
  const { id, bodies, cases, ended, metrics, object } = await expiring();
  expect(ended).toMatchObject({ state: 'dead', reason: 'expired' });
  expect(bodies.map((body) => decodeEnvelope(body).id)).toEqual([id]);
  expect(cases).toEqual([]);
  expect([metrics.get('orders.missing-ratio'), metrics.get('oldest-unended')]).toEqual([0, 0]);
  expect(decodeEnvelope(Buffer.from(object).toString()).id).toBe(id);
});

test('where there is no queue for its letter, its row says so, and the bucket has the message', async () => {
  const { id, cases, ended, object } = await expiring({ isGone: true });
  expect(ended).toMatchObject({ state: 'dead', reason: 'expired' });
  expect(cases).toEqual([]);
  expect(decodeEnvelope(Buffer.from(object).toString()).id).toBe(id);
});
