import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCALE_DEFAULTS, type ScaleSettings } from '../../lib/contract/scale.ts';
import type { Scaled } from '../../lib/ledger/rows/scale.ts';
import { decide, type Reading } from '../../lib/scale/decide.ts';

const EVERY = 60_000;
const OVERLOAD = 120_000;

/** What comes of readings of a backlog, a minute apart. */
function concurrencies(backlogs: readonly number[], settings: ScaleSettings, floors: readonly number[] = []): number[] {
  let scaled: Scaled | undefined;
  return backlogs.map((waiting, index) => {
    const floor = floors[index];
    const pace = { every: EVERY, ...(floor !== undefined && { floor }) };
    scaled = decide(scaled, { at: index * EVERY, waiting, inFlight: 0 }, settings, pace);
    return scaled.concurrency;
  });
}

const settings = fc
  .record({
    min: fc.integer({ min: 1, max: 10 }),
    max: fc.integer({ min: 1, max: 1_000 }),
    halveBelow: fc.integer({ min: 1, max: 1_000 }),
    doubleAbove: fc.integer({ min: 1_000, max: 100_000 }),
    cooldown: fc.constantFrom(0, 60_000, 300_000),
  })
  .map((given) => ({ ...given, max: Math.max(given.min, given.max) }));
const backlogs = fc.array(fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.constantFrom(0, OVERLOAD)), {
  maxLength: 60,
});

describe('with the defaults', () => {
  test('120,000 that wait have it double every other minute up to 10, and an empty queue halve down to 1', () => {
    const up = Array.from({ length: 9 }, () => OVERLOAD);
    const down = Array.from({ length: 9 }, () => 0);
    expect([...new Set(concurrencies([...up, ...down], SCALE_DEFAULTS))]).toEqual([1, 2, 4, 8, 10, 5]);
    expect(concurrencies([...up, ...down], SCALE_DEFAULTS).at(-1)).toBe(1);
  });

  test('from 2 at least, as SQS takes no less: 2, 4, 8, 10', () => {
    const all = concurrencies(
      Array.from({ length: 12 }, () => OVERLOAD),
      { ...SCALE_DEFAULTS, min: 2 },
    );
    expect([...new Set(all)]).toEqual([2, 4, 8, 10]);
  });

  test('what is in flight counts: nobody halves while it is handled', () => {
    const before: Scaled = { concurrency: 8, verdict: 'down', at: 0 };
    const reading: Reading = { at: EVERY, waiting: 0, inFlight: 1_000 };
    expect(decide(before, reading, SCALE_DEFAULTS, { every: EVERY }).concurrency).toBe(8);
    expect(decide(before, { ...reading, inFlight: 999 }, SCALE_DEFAULTS, { every: EVERY }).concurrency).toBe(4);
  });

  test('a second invocation in the same minute is no second reading, and one of an hour ago no first', () => {
    const before: Scaled = { concurrency: 2, verdict: 'up', at: 0 };
    const of = (at: number) =>
      decide(before, { at, waiting: OVERLOAD, inFlight: 0 }, SCALE_DEFAULTS, { every: EVERY }).concurrency;
    expect([of(100), of(60_000), of(3_600_000)]).toEqual([2, 4, 2]);
  });
});

describe('whatever is read', () => {
  test('it stays within its bounds, and no step does more than double or halve', () => {
    fc.assert(
      fc.property(settings, backlogs, (given, read) => {
        const all = [given.min, ...concurrencies(read, given)];
        for (const [index, concurrency] of all.slice(1).entries()) {
          const before = all[index] as number;
          expect(concurrency).toBeGreaterThanOrEqual(given.min);
          expect(concurrency).toBeLessThanOrEqual(given.max);
          expect(concurrency).toBeLessThanOrEqual(before * 2);
          expect(concurrency).toBeGreaterThanOrEqual(Math.floor(before / 2));
        }
      }),
    );
  });

  test('it changes only after two readings in a row that say so, and once in a cooldown', () => {
    fc.assert(
      fc.property(settings, backlogs, (given, read) => {
        const all = [given.min, ...concurrencies(read, given)];
        let changed = Number.NEGATIVE_INFINITY;
        for (const [index, backlog] of read.entries()) {
          const [before, after] = [all[index] as number, all[index + 1] as number];
          if (after === before) continue;
          const says = (one: number | undefined) =>
            one !== undefined && (after > before ? one > given.doubleAbove : one < given.halveBelow);
          expect([says(backlog), says(read[index - 1])]).toEqual([true, true]);
          // Neither of the two was read before the last change.
          expect(index - changed).toBeGreaterThanOrEqual(2);
          expect((index - changed) * EVERY).toBeGreaterThanOrEqual(given.cooldown);
          changed = index;
        }
      }),
    );
  });

  test('a backlog that goes up and down from one reading to the next changes nothing: it does not flap', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 2, max: 60 }), (given, length) => {
        const read = Array.from({ length }, (_, index) => (index % 2 === 0 ? OVERLOAD : 0));
        expect(new Set(concurrencies(read, given))).toEqual(new Set([given.min]));
      }),
    );
  });

  test('a backlog that stays ends at one figure, within 11 doublings, and rests there', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 200_000 }), (given, backlog) => {
        const all = concurrencies(
          Array.from({ length: 80 }, () => backlog),
          given,
        );
        const end = backlog > given.doubleAbove ? given.max : given.min;
        expect(new Set(all.slice(66))).toEqual(new Set([end]));
      }),
    );
  });

  test('a forecast raises it at once, never above the most, and nothing halves it below', () => {
    fc.assert(
      fc.property(settings, backlogs, fc.integer({ min: 0, max: 2_000 }), (given, read, floor) => {
        const all = concurrencies(
          read,
          given,
          read.map(() => floor),
        );
        for (const concurrency of all) expect(concurrency).toBeGreaterThanOrEqual(Math.min(given.max, floor));
        for (const concurrency of all) expect(concurrency).toBeLessThanOrEqual(given.max);
      }),
    );
  });
});
