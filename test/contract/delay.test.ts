import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Delay, deliveryTime } from '../../lib/contract/delay.ts';
import { InvalidDefinition, LimitExceeded } from '../../lib/contract/errors.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { NOON } from '../message/samples.ts';

const YEAR = LIMITS.delayMilliseconds;

/** What a JavaScript user may give. */
function timeOf(delay: unknown): number | undefined {
  return deliveryTime(delay as Delay, NOON);
}

describe('the moment of delivery', () => {
  it('is the one that was given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: YEAR }), (ahead) => {
        expect(deliveryTime({ deliverAt: new Date(NOON + ahead) }, NOON)).toBe(NOON + ahead);
        expect(deliveryTime({ delay: `${ahead}ms` }, NOON)).toBe(NOON + ahead);
      }),
    );
  });

  it('is now where nothing was given, or the moment has passed', () => {
    expect(timeOf({})).toBeUndefined();
    expect(timeOf({ delay: undefined, deliverAt: undefined })).toBeUndefined();
    expect(timeOf({ deliverAt: new Date(NOON) })).toBeUndefined();
    expect(timeOf({ deliverAt: new Date(0) })).toBeUndefined();
    for (const delay of ['0s', '0.0d', '-0s', '-5s', '-100000d']) expect(timeOf({ delay })).toBeUndefined();
  });

  it('may be a year ahead, the longest one, and no more', () => {
    expect(timeOf({ delay: '366d' })).toBe(NOON + YEAR);
    expect(timeOf({ deliverAt: new Date(NOON + YEAR) })).toBe(NOON + YEAR);
    expect(() => timeOf({ delay: '367d' })).toThrow(LimitExceeded);
    expect(() => timeOf({ deliverAt: new Date(NOON + YEAR + 1) })).toThrow(LimitExceeded);
  });

  it.each([
    ['both', { delay: '1s', deliverAt: new Date(NOON) }],
    ['no date', { deliverAt: new Date(Number.NaN) }],
    ['a text for a date', { deliverAt: '2026-11-23T09:00:00Z' }],
    ['a number for a date', { deliverAt: NOON + 1 }],
    ['null for a date', { deliverAt: null }],
    ['a number for a delay', { delay: 5 }],
    ['a delay without a unit', { delay: '5' }],
    ['an unknown unit', { delay: '5w' }],
    ['null for a delay', { delay: null }],
  ])('is refused in a wrong form: %s', (_, delay) => {
    expect(() => timeOf(delay)).toThrow(InvalidDefinition);
    expect(() => timeOf(delay)).toThrow(/not both|not a valid date|'.*' is not a duration: give a number and/);
  });
});
