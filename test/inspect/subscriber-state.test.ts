import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { readSubscriberState } from '../../lib/inspect/subscriber-state.ts';
import type { Route } from '../../lib/ledger/rows/route.ts';
import { NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';

const MINUTE = 60_000;

function watched() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const [route] = world.routes as [Route];
  return { ...world, state: () => readSubscriberState(world.ledger, route, undefined) };
}

test('the newest that ended in a minute and shard is the one that was committed last, of any number', async () => {
  const world = watched();
  for (const age of [3_000, 2_000, 1_000]) {
    world.end(world.mint(age, 'order-7'), 'payment', 'handled', NOW - age + 100);
  }
  expect((await world.state()).newestEnded).toBe(NOW - 900);
});

test.each([0, 1, 2])('what ended of those that were committed %i minutes ago counts', async (minutes) => {
  const world = watched();
  world.end(world.mint(minutes * MINUTE), 'payment', 'handled', NOW - minutes * MINUTE + 7);
  expect((await world.state()).newestEnded).toBe(NOW - minutes * MINUTE + 7);
});

test('what ended of those that were committed 3 minutes ago does not', async () => {
  const world = watched();
  world.end(world.mint(3 * MINUTE), 'payment');
  expect((await world.state()).newestEnded).toBe(0);
});

test('what is in flight counts as queued, and what waits for its moment in a queue does not', async () => {
  const world = watched();
  const QueueUrl = world.queue('payment').url;
  for (const DelaySeconds of [0, 0, 600]) {
    await world.environment.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one', DelaySeconds }));
  }
  world.queue('payment').receive(1);
  expect(await world.state()).toMatchObject({ queued: 2, stopped: undefined });
});
