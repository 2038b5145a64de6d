import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { deadlineOf, Inspection } from '../../lib/inspect/inspection.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { DEADLINE, reconcileWorld } from '../reconcile/reconcile-world.ts';

test('a message that ends while it is looked at is not named, although its queue is empty by then', async () => {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const id = world.commit(world.mint(DEADLINE + 120_000));
  await world.relay(id, 'payment');
  const { environment } = world;
  const send = environment.sqs.send.bind(environment.sqs) as (command: object) => Promise<unknown>;
  const consuming = {
    ...environment,
    sqs: {
      send: (command: object) => {
        if (command instanceof GetQueueAttributesCommand) world.end(id, 'payment');
        return send(command);
      },
    } as typeof environment.sqs,
  };
  const [route] = world.routes;
  if (!route) throw new Error('The world has no route');
  const suspect = { id, route, deadlineAt: deadlineOf({ id }, route) };
  expect(await new Inspection(ledgerOf(consuming)).inspect(suspect)).toEqual({
    kind: 'ended',
    state: 'handled',
  });
});

test('the receipt of a message that was delayed for days is looked for where its moment was near', async () => {
  const { clock, environment, inspection, routes, ...world } = reconcileWorld({ subscribers: ['payment'] });
  const [route] = routes;
  if (!route) throw new Error('The world has no route');
  const id = world.mint(0);
  const deliverAt = clock.now() + 3 * 86_400_000;
  clock.pass(3 * 86_400_000 - 600_000);
  const sent = clock.now();
  await world.relay(id, 'payment');
  clock.pass(600_000 + DEADLINE);
  const before = environment.usage.calls.Query ?? 0;
  expect(await new Inspection(ledgerOf(environment)).sentAt({ id, deliverAt }, route)).toBe(sent);
  // From a quarter of an hour before it, a minute at a time.
  expect((environment.usage.calls.Query ?? 0) - before).toBeLessThanOrEqual(inspection.shards * 20);
});
