import { SendMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

const OVERDUE = DEADLINE + 120_000;

describe('reconciliation', () => {
  test('counts a message once, however many subscribers expect it', async () => {
    const world = reconcileWorld();
    const done = world.commit(world.mint(OVERDUE));
    for (const subscriber of ['payment', 'sales']) world.end(done, subscriber);
    const dead = world.commit(world.mint(OVERDUE));
    world.end(dead, 'payment', 'dead');
    world.end(dead, 'sales', 'duplicate');
    world.commit(world.mint(DEADLINE / 2));
    const { lines, copies, missing, uncaused } = await world.reconcile();
    expect(lines).toEqual({ orders: { committed: 3, handled: 1, inFlight: 1, scheduled: 0, dead: 1 } });
    expect(copies).toEqual({ handled: 2, duplicate: 1, dead: 1, cancelled: 0, late: 0 });
    expect([missing, uncaused]).toEqual([[], []]);
  });

  test('says that one lost and one doubled are two findings, not none', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const lost = world.commit(world.mint(OVERDUE));
    const invented = world.mint(OVERDUE);
    world.end(invented, 'payment');
    const { missing, uncaused } = await world.reconcile();
    expect(missing).toMatchObject([{ id: lost, subscriber: 'payment', overdueMs: OVERDUE - DEADLINE }]);
    expect(uncaused).toEqual([{ id: invented, subscriber: 'payment' }]);
  });

  test('names the messages that are missing and those that are uncaused, none more and none fewer', {
    timeout: 60_000,
  }, async () => {
    const fate = fc.constantFrom('handled', 'duplicate', 'dead', 'missing', 'fresh', 'uncaused');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fate, fate), { maxLength: 40 }), async (fates) => {
        const world = reconcileWorld();
        const missing: string[] = [];
        const uncaused: string[] = [];
        for (const pair of fates) {
          const isFresh = pair.includes('fresh');
          const id = world.mint(isFresh ? 1_000 : OVERDUE);
          const committed = !pair.includes('uncaused');
          if (committed) world.commit(id);
          for (const [index, subscriber] of ['payment', 'sales'].entries()) {
            const one = pair[index];
            if (one === 'handled' || one === 'duplicate' || one === 'dead') world.end(id, subscriber, one);
            if (one === 'uncaused') world.end(id, subscriber);
            if (!committed && one !== 'missing' && one !== 'fresh') uncaused.push(`${id} ${subscriber}`);
            if (committed && one === 'missing' && !isFresh) missing.push(`${id} ${subscriber}`);
          }
        }
        const found = await world.reconcile();
        const named = (rows: readonly { id: string; subscriber: string }[]) =>
          rows.map(({ id, subscriber }) => `${id} ${subscriber}`).sort();
        expect(named(found.missing)).toEqual(missing.sort());
        expect(named(found.uncaused)).toEqual(uncaused.sort());
        const { orders } = found.lines;
        expect(orders?.committed ?? 0).toBe(fates.filter((pair) => !pair.includes('uncaused')).length);
      }),
      { numRuns: 60 },
    );
  });

  test('names nothing whose commit it only read too early', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.mint(OVERDUE);
    world.end(id, 'payment');
    const { dynamodb } = world.environment;
    const send = dynamodb.send.bind(dynamodb);
    // The outbox is read first and stale; the message is there when it is asked for itself.
    dynamodb.send = (async (command: { input: { Key?: unknown } }) => {
      if (command.input.Key) world.commit(id);
      return send(command as never);
    }) as typeof dynamodb.send;
    expect(await world.reconcile()).toMatchObject({ missing: [], uncaused: [] });
  });

  test('does not call uncaused what DynamoDB may be cleaning up', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.mint(OVERDUE);
    world.end(id, 'payment');
    const { uncaused } = await world.reconcile();
    expect(uncaused).toHaveLength(1);
    world.clock.pass(15 * 86_400_000);
    const later = await world.reconcile({ from: NOW - OVERDUE - 60_000, to: NOW });
    expect(later.uncaused).toEqual([]);
  });

  test('waits for a deadline, and for a moment of delivery, to the millisecond', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const counted = async (id: string, more = {}) => {
      world.commit(id, 'order.placed', more);
      const { lines, copies } = await world.reconcile();
      world.table.write(toItem(outboxKey(id)), undefined);
      return { scheduled: lines.orders?.scheduled, late: copies.late };
    };
    expect(await counted(world.mint(DEADLINE - 1))).toEqual({ scheduled: 0, late: 0 });
    expect(await counted(world.mint(DEADLINE))).toEqual({ scheduled: 0, late: 1 });
    expect(await counted(world.mint(OVERDUE), world.at(NOW + 1))).toEqual({ scheduled: 1, late: 0 });
    expect(await counted(world.mint(OVERDUE), world.at(NOW))).toEqual({ scheduled: 0, late: 0 });
  });

  test('looks only at the messages of its range', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const ids = [1, 2, 3].map((minutes) => world.commit(world.mint(OVERDUE + minutes * 60_000)));
    const { missing } = await world.reconcile({ from: NOW - OVERDUE - 150_000, to: NOW - OVERDUE - 90_000 });
    expect(missing.map(({ id }) => id)).toEqual([ids[1]]);
  });

  test('tells a message of a type that nobody expects from one that is missing', async () => {
    const world = reconcileWorld();
    world.commit(world.mint(OVERDUE), 'order.archived');
    expect(await world.reconcile()).toMatchObject({ missing: [], lines: { orders: { committed: 1, handled: 1 } } });
  });

  test('does not stumble over an outbox row that is no message', async () => {
    const world = reconcileWorld();
    const id = world.mint(OVERDUE);
    const key = outboxKey(id);
    world.table.write(toItem(key), toItem({ ...key, envelope: 'not JSON' }));
    expect((await world.reconcile()).missing).toEqual([]);
  });
});

describe('the losing hop', () => {
  const lose = async (world: ReturnType<typeof reconcileWorld>, options = {}) => {
    const { missing, lines } = await world.reconcile(options);
    return { hops: missing.map(({ id, hop }) => ({ id, hop })), evidence: missing[0]?.evidence, line: lines.orders };
  };

  test('is the relay where no receipt names the message', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    expect((await lose(world)).hops).toEqual([{ id, hop: 'relay' }]);
  });

  test('is not the relay while it may still be on its way through it', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    world.commit(world.mint(DEADLINE + 5_000));
    const { hops, line } = await lose(world);
    expect(hops).toEqual([]);
    expect(line).toMatchObject({ inFlight: 1 });
    expect((await world.reconcile()).copies).toMatchObject({ late: 1 });
  });

  test('is the broker where it was sent, the queue is empty and nobody received it', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    world.clock.pass(-OVERDUE / 2);
    await world.relay(id, 'payment');
    world.clock.pass(OVERDUE / 2);
    const { hops, evidence } = await lose(world);
    expect(hops).toEqual([{ id, hop: 'broker' }]);
    const sent = new Date(NOW - OVERDUE / 2).toISOString();
    expect(evidence).toBe(`sent at ${sent}, never received, and the queue is empty`);
  });

  test('is nowhere while the queue holds messages and nothing sent after it has ended', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    await world.relay(id, 'payment');
    await enqueue(world);
    const { hops, line } = await lose(world);
    expect(hops).toEqual([]);
    expect(line).toMatchObject({ inFlight: 1 });
  });

  test('is the broker where what was sent long after it has ended, whatever the queue holds', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    await world.relay(id, 'payment');
    await enqueue(world);
    world.clock.pass(2 * DEADLINE);
    const later = world.commit(world.mint(1_000));
    world.end(later, 'payment', 'handled', world.clock.now());
    const { hops, evidence } = await lose(world);
    expect(hops).toEqual([{ id, hop: 'broker' }]);
    expect(evidence).toContain('sent after it has ended');
  });

  test('is the consumer where its event source is disabled', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    await world.relay(id, 'payment');
    await enqueue(world);
    const listEventSources = async () => [{ state: 'Disabled' }];
    const { hops, evidence } = await lose(world, { listEventSources });
    expect(hops).toEqual([{ id, hop: 'consumer' }]);
    expect(evidence).toContain('disabled');
  });

  test('is the consumer where attempts failed and the next one is overdue', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    await world.relay(id, 'payment');
    world.fail(id, 'payment', NOW - DEADLINE - 1_000);
    const { hops, evidence } = await lose(world);
    expect(hops).toEqual([{ id, hop: 'consumer' }]);
    const next = new Date(NOW - DEADLINE - 1_000).toISOString();
    expect(evidence).toBe(`2 attempts failed, at last with Boom; the next was due at ${next}`);
  });

  test('is nowhere while a failed message rests until its next attempt', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(OVERDUE));
    await world.relay(id, 'payment');
    world.fail(id, 'payment', NOW + 30_000);
    const { hops, line } = await lose(world);
    expect(hops).toEqual([]);
    expect(line).toMatchObject({ scheduled: 1 });
  });
});

async function enqueue(world: ReturnType<typeof reconcileWorld>): Promise<void> {
  const { url } = world.queue('payment');
  await world.environment.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'another' }));
}
