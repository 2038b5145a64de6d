import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MINUTE, type SendingWorld, START, sendingWorld } from '../relay/sending-world.ts';

/** By how much a message may be late, in milliseconds: SQS and we wait for nothing that would take longer. */
const TOLERANCE = 1_000;
const DAY = 86_400_000;

/** Sweeps from the start on, with so many minutes between them, until well after the moment. */
function sweepsUntil(end: number, gaps: readonly number[]): number[] {
  const sweeps: number[] = [];
  // A ledger that has nothing due for months is swept all the same; that changes nothing, so those sweeps are left out.
  const first = Math.max(START, Math.floor((end - 40 * MINUTE) / MINUTE) * MINUTE);
  for (let time = first, turn = 0; time <= end + 11 * MINUTE; turn++) {
    sweeps.push(time);
    time += (gaps[turn % gaps.length] ?? 1) * MINUTE;
  }
  return sweeps;
}

function expectInTime(world: SendingWorld, due: number): void {
  expect(
    world
      .effects()
      .map(({ subscriber }) => subscriber)
      .sort(),
  ).toEqual(['close-offer', 'count-offers']);
  for (const { at, times } of world.effects()) {
    expect(times).toBe(1);
    expect(at).toBeGreaterThanOrEqual(due);
    expect(at).toBeLessThanOrEqual(due + TOLERANCE);
  }
}

/** Short ones, ones around 15 minutes where the way changes, and any up to a year. */
const delays = fc.oneof(
  fc.integer({ min: 1, max: 5_000 }),
  fc.integer({ min: 1, max: 20 * MINUTE }),
  fc.integer({ min: 15 * MINUTE - 2_000, max: 15 * MINUTE + 2_000 }),
  fc.integer({ min: 15 * MINUTE, max: 40 * MINUTE }),
  fc.integer({ min: 1, max: 366 * DAY }),
);
/** Minutes between sweeps: 0 doubles one, 10 misses nine in a row. */
const gaps = fc
  .array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 6 })
  .filter((some) => some.some((gap) => gap > 0));

test('a message is handled once by each subscriber, never before its moment and at most a second after it, whatever its delay and whichever sweeps are missed', async () => {
  await fc.assert(
    fc.asyncProperty(delays, gaps, async (delay, minutes) => {
      const world = sendingWorld();
      const due = START + delay;
      await world.publish('1', { delay: `${delay}ms` });
      await world.runUntil(due + 12 * MINUTE, sweepsUntil(due, minutes));
      expectInTime(world, due);
    }),
    { numRuns: 60 },
  );
});

test('many messages of all delays are each handled once and in time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30 * MINUTE }), { minLength: 2, maxLength: 12 }),
      gaps,
      async (all, minutes) => {
        const world = sendingWorld({ subscribers: ['close-offer'] });
        for (const [index, delay] of all.entries()) await world.publish(String(index), { delay: `${delay}ms` });
        const last = START + Math.max(...all);
        await world.runUntil(last + 12 * MINUTE, sweepsUntil(last, minutes));
        expect(
          world
            .effects()
            .map(({ offerId }) => Number(offerId))
            .sort((one, other) => one - other),
        ).toEqual([...all.keys()]);
        for (const { offerId, at, times } of world.effects()) {
          expect(times).toBe(1);
          const due = START + (all[Number(offerId)] ?? 0);
          expect(at).toBeGreaterThanOrEqual(due);
          // Where moments are near each other, one function here waits for them one after another.
          expect(at).toBeLessThanOrEqual(due + 3 * TOLERANCE);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test.each([0, 1, 5_000, 15 * MINUTE, 15 * MINUTE + 1, 30 * MINUTE, 366 * DAY])(
  'a delay of %d ms lands in its moment',
  async (delay) => {
    const world = sendingWorld();
    await world.publish('1', delay === 0 ? {} : { delay: `${delay}ms` });
    await world.runUntil(START + delay + MINUTE, sweepsUntil(START + delay, [1]));
    expectInTime(world, START + delay);
  },
);
