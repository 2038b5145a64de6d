import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cancel } from '../../lib/cancel/cancel.ts';
import { reschedule } from '../../lib/cancel/reschedule.ts';
import { MINUTE, START, sendingWorld } from '../relay/sending-world.ts';

const HOUR = 60 * MINUTE;
const SUBSCRIBERS = ['close-offer', 'count-offers'];

/** A sweep each minute, as deployed, over so long. */
const everyMinute = (milliseconds: number) =>
  Array.from({ length: Math.ceil(milliseconds / MINUTE) }, (_, index) => START + index * MINUTE + 7_000);

/** Lets others go on so often. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}

const plan = fc.record({
  delay: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 40 * MINUTE })),
  /** When it is taken back, before or after its moment. */
  before: fc.oneof(
    fc.constant(0),
    fc.integer({ min: -3_000, max: 2 * MINUTE }),
    fc.integer({ min: 0, max: 40 * MINUTE }),
  ),
  turns: fc.nat({ max: 120 }),
});

describe('a delayed message that is taken back', () => {
  test('takes effect at both of its subscribers or at neither, whenever it is', { timeout: 60_000 }, async () => {
    const outcomes = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(plan, async ({ delay, before, turns: some }) => {
        const world = sendingWorld();
        const { id } = await world.publish('o', { deliverAt: new Date(START + delay) });
        const sweeps = everyMinute(HOUR);
        const moment = Math.max(START, START + delay - before);
        // Everything up to the moment but what it brings, which then runs at the same time.
        await world.runUntil(moment - 1, sweeps);
        world.clock.pass(moment - world.clock.now());
        const late = sweeps.filter((time) => time > moment);
        const [{ cancelled }] = await Promise.all([
          turns(some).then(() => cancel(id, world)),
          world.runUntil(moment, late),
        ]);
        outcomes.add(cancelled);
        await world.runUntil(START + HOUR, late);
        const effects = world.effects().map(({ subscriber, times }) => [subscriber, times]);
        expect(effects.sort()).toEqual(cancelled ? [] : SUBSCRIBERS.map((name) => [name, 1]));
        const states = world.ended().map(({ state }) => state);
        expect(states).toEqual(SUBSCRIBERS.map(() => (cancelled ? 'cancelled' : 'handled')));
      }),
      { numRuns: 40 },
    );
    expect(outcomes.size).toBe(2);
  });

  test('and rescheduled takes effect once at each, at its new moment or at its old one', {
    timeout: 60_000,
  }, async () => {
    const outcomes = new Set<boolean>();
    const later = fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 40 * MINUTE }));
    await fc.assert(
      fc.asyncProperty(plan, later, async ({ delay, before, turns: some }, again) => {
        const world = sendingWorld();
        const { id } = await world.publish('o', { deliverAt: new Date(START + delay) });
        const sweeps = everyMinute(90 * MINUTE);
        const moment = Math.max(START, START + delay - before);
        await world.runUntil(moment - 1, sweeps);
        world.clock.pass(moment - world.clock.now());
        const late = sweeps.filter((time) => time > moment);
        const deliverAt = new Date(moment + again);
        const [{ rescheduled }] = await Promise.all([
          turns(some).then(() => reschedule(id, { deliverAt }, world)),
          world.runUntil(moment, late),
        ]);
        outcomes.add(rescheduled);
        await world.runUntil(START + 90 * MINUTE, late);
        const due = rescheduled ? deliverAt.getTime() : START + delay;
        for (const { times, at } of world.effects()) {
          expect(times).toBe(1);
          expect(at).toBeGreaterThanOrEqual(due);
          expect(at).toBeLessThanOrEqual(due + 1_000);
        }
        expect(world.effects()).toHaveLength(SUBSCRIBERS.length);
      }),
      { numRuns: 40 },
    );
    expect(outcomes.size).toBe(2);
  });

  test('is not even sent any more when its time comes', async () => {
    const world = sendingWorld();
    const { id } = await world.publish('o', { delay: '1h' });
    await world.runUntil(START + MINUTE);
    await cancel(id, world);
    const sent = world.countOf('SendMessageBatch');
    await world.runUntil(START + 2 * HOUR, everyMinute(2 * HOUR));
    expect(world.countOf('SendMessageBatch')).toBe(sent);
  });
});
