import { describe, expect, it } from 'vitest';
import { consume } from '../../lib/consume/consume.ts';
import { publish } from '../../lib/publish/publish.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import {
  CloseOffer,
  MINUTE,
  OfferEnds,
  type SendingWorld,
  START,
  sendingWorld,
  withoutRoutes,
} from './sending-world.ts';

const HOUR = 60 * MINUTE;
const oneQueue = () => sendingWorld({ subscribers: ['close-offer'] });

/** Publishes and relays a message at each of these moments, in milliseconds from the start. */
async function publishAt(world: SendingWorld, moments: readonly number[]): Promise<void> {
  for (const moment of moments) {
    world.clock.pass(START + moment - world.clock.now());
    await world.publish(String(moment));
    await world.relayNew();
  }
}

/** Sweeps once a minute until then. */
const sweptUntil = (world: SendingWorld, from: number, until: number) =>
  world.runUntil(
    until,
    Array.from({ length: Math.ceil((until - from) / MINUTE) }, (_, index) => from + (index + 1) * MINUTE - 1),
  );

describe('a message of an event type that nobody has subscribed to', () => {
  it('waits for a first subscriber, for days, and comes within minutes of its route, once', async () => {
    const world = oneQueue();
    const subscribe = withoutRoutes(world);
    await publishAt(world, [0, 1_000, HOUR, 47 * HOUR, 48 * HOUR]);
    expect(world.effects()).toEqual([]);
    subscribe();
    const added = world.clock.now();
    await sweptUntil(world, added, added + 30 * MINUTE);
    expect(world.effects().map(({ times }) => times)).toEqual([1, 1, 1, 1, 1]);
    expect(world.effects().filter(({ at }) => at > added + 5 * MINUTE)).toEqual([]);
    expect(world.receipts()).toHaveLength(5);
  });

  it('that is noted while the backfill is under way does not begin it anew', async () => {
    const world = oneQueue();
    const subscribe = withoutRoutes(world);
    await publishAt(world, [0]);
    const row = () => world.ledger.items().find(({ pk, sk }) => pk?.S === 'unrouted' && sk !== undefined);
    const begun = { ...row(), began: { N: '1' } } as never;
    const { pk, sk } = row() ?? {};
    world.ledger.write({ pk, sk } as never, begun);
    await publishAt(world, [HOUR]);
    expect(row()?.began).toEqual({ N: '1' });
    subscribe();
  });

  it('costs one write a minute and shard, however many there are, and nothing once there is a route', async () => {
    const world = oneQueue();
    const subscribe = withoutRoutes(world);
    const notes = () => world.ledger.items().filter(({ pk }) => pk?.S?.startsWith('unrouted#')).length;
    for (let index = 0; index < 40; index++) await world.publish('same');
    await world.relayNew();
    expect(notes()).toBe(1);
    subscribe();
    for (let index = 0; index < 40; index++) await world.publish(String(index));
    await world.relayNew();
    expect(notes()).toBe(1);
  });

  it('is sent once its bucket was noted late, by a relay that had read no route yet', async () => {
    const world = oneQueue();
    const subscribe = withoutRoutes(world);
    await publishAt(world, [HOUR]);
    const late = withoutRoutes(world);
    subscribe();
    await sweptUntil(world, world.clock.now(), START + HOUR + 5 * MINUTE);
    late();
    const again = withoutRoutes(world);
    await world.commit([world.envelopeOf('early', { now: START })]);
    again();
    subscribe();
    await sweptUntil(world, world.clock.now(), START + 2 * HOUR);
    expect(world.effects().map(({ offerId }) => offerId)).toContain('early');
  });

  it('that was taken back is not sent', async () => {
    const world = oneQueue();
    const subscribe = withoutRoutes(world);
    await publishAt(world, [0]);
    const [row] = world.ledger.items().filter(({ pk }) => pk?.S?.startsWith('out#'));
    if (row) world.ledger.write({ pk: row.pk, sk: row.sk } as never, { ...row, cancelled: { N: `${START}` } });
    subscribe();
    await sweptUntil(world, START, START + 30 * MINUTE);
    expect(world.effects()).toEqual([]);
  });

  it('is found by the next run where one is cut off', async () => {
    const world = oneQueue();
    const subscribe = withoutRoutes(world);
    await publishAt(
      world,
      Array.from({ length: 30 }, (_, index) => index * MINUTE),
    );
    subscribe();
    // Every request takes a second: a run of thirty has time for some buckets.
    const slow = (apply: () => object) => {
      world.clock.pass(1_000);
      return apply();
    };
    world.from('SendMessageBatch', slow);
    await world.sweep(30_000);
    const first = world.effects().length + world.queues['close-offer'].messages().length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(30);
    for (let run = 0; run < 4; run++) await world.sweep(30_000);
    world.from('SendMessageBatch', undefined);
    await world.settle();
    expect(world.effects().map(({ times }) => times)).toEqual(Array(30).fill(1));
  });
});

describe('where each delayed message has a schedule of its own', () => {
  it('what waited comes to the first subscriber all the same, and what waits for its moment comes in its moment', async () => {
    const wrote: string[] = [];
    const stack = new MemoryStack({
      subscribers: [CloseOffer],
      handlers: {
        'close-offer': consume(CloseOffer, ({ offerId }) => {
          handled.push([offerId, stack.now - began]);
        }),
      },
      schedules: {},
      wire: async ({ from, operation }, apply) => {
        if (from === 'sweep') wrote.push(operation);
        return apply();
      },
    });
    const handled: [string, number][] = [];
    const began = stack.now;
    const subscribe = withoutRoutes(stack);
    const environment = stack.environment();
    await publish(OfferEnds, { offerId: 'now' }, { environment });
    await publish(OfferEnds, { offerId: 'in an hour' }, { environment, delay: '1h' });
    await stack.advance('20m');
    expect(handled).toEqual([]);
    subscribe();
    await stack.advance('5m');
    expect(handled.map(([offerId]) => offerId)).toEqual(['now']);
    await stack.advance('40m');
    expect(handled.map(([offerId]) => offerId)).toEqual(['now', 'in an hour']);
    expect(Math.abs((handled[1]?.[1] ?? 0) - HOUR)).toBeLessThan(1_000);
    // It reads no shard, and puts nothing to wait a second time.
    expect(new Set(wrote)).toEqual(new Set(['Query', 'UpdateItem', 'SendMessageBatch', 'PutItem']));
  });
});
