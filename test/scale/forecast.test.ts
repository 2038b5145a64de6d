import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { radarKey } from '../../lib/ledger/rows/radar.ts';
import { forecast, invocationsFor, isFarBelow, LEAST_HOURS, MOST_HOURS } from '../../lib/scale/forecast.ts';
import { openOverload } from './overload.ts';

/** Messages of an hour of the day: few at night, many in the afternoon, a peak at 18 o'clock. */
const shop = (hour: number, level = 1) =>
  Math.round(level * (1_000 + 800 * Math.sin(((hour - 9) / 24) * 2 * Math.PI)) * (hour % 24 === 18 ? 4 : 1));

describe('a forecast', () => {
  test('knows the peak of 18 o’clock, the hour before and the night after', () => {
    const counts = Array.from({ length: MOST_HOURS }, (_, hour) => shop(hour));
    for (const ahead of [1, 10, 18, 19, 20, 24]) {
      const [said, comes] = [forecast(counts, ahead) ?? 0, shop(ahead - 1)];
      expect(Math.abs(said - comes)).toBeLessThanOrEqual(0.02 * comes + 1);
    }
  });

  test('follows a shop that grows by half: within 10 % two days later', () => {
    const before = Array.from({ length: MOST_HOURS - 48 }, (_, hour) => shop(hour));
    const after = Array.from({ length: 48 }, (_, hour) => shop(hour, 1.5));
    for (const ahead of [10, 19]) {
      const comes = shop(ahead - 1, 1.5);
      expect(Math.abs((forecast([...before, ...after], ahead) ?? 0) - comes)).toBeLessThanOrEqual(0.1 * comes);
    }
  });

  test('says nothing of less than two days', () => {
    expect(
      forecast(
        Array.from({ length: LEAST_HOURS - 1 }, () => 100),
        1,
      ),
    ).toBeUndefined();
  });

  test('is a number that is not negative, whatever was counted, and within what was ever counted where that is even', () => {
    const counts = fc.array(fc.nat(1_000_000), { minLength: LEAST_HOURS, maxLength: 400 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 48 }), (given, ahead) => {
        const said = forecast(given, ahead) ?? Number.NaN;
        expect(said).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(said)).toBe(true);
        const even = given.map(() => given[0] ?? 0);
        expect(forecast(even, ahead)).toBeCloseTo(given[0] ?? 0, 3);
      }),
    );
  });

  test('twice as many messages ask for no fewer invocations, and what takes twice as long for no fewer either', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.integer({ min: 1, max: 1_000 }), (messages, perSecond) => {
        const needed = invocationsFor(messages, perSecond);
        expect(invocationsFor(messages * 2, perSecond)).toBeGreaterThanOrEqual(needed);
        expect(invocationsFor(messages, perSecond / 2)).toBeGreaterThanOrEqual(needed);
        expect(needed * perSecond * 3_600).toBeGreaterThanOrEqual(messages);
      }),
    );
  });

  test('less than a quarter of what was to be expected is far below, but not of a handful', () => {
    expect([isFarBelow(249, 1_000), isFarBelow(250, 1_000), isFarBelow(0, 99)]).toEqual([true, false, false]);
  });
});

const HOUR_MS = 3_600_000;
const FORECAST = { 'take-payment': { min: 2, max: 50, doubleAbove: 100_000, forecast: { perSecond: 0.1 } } };

/** The stack's time is taken for 17 o'clock. */
const NOW = 17;

/** Counts of the radar by the hour from the stack's time, a row for each. */
function counted({ stack }: ReturnType<typeof openOverload>, from: number, to: number): void {
  for (let hour = from; hour < to; hour++) {
    const minute = new Date(Math.floor(stack.now / HOUR_MS) * HOUR_MS + hour * HOUR_MS).toISOString().slice(0, 16);
    const row = {
      ...radarKey('orders', minute),
      businessLine: 'orders',
      minute,
      committed: shop(24 * 100 + NOW + hour),
      asOf: 1,
    };
    const item = toItem({ ...row, handled: 0, inFlight: 0, scheduled: 0, dead: 0, missing: 0 });
    stack.ledger.write(stack.ledger.keyOf(item), item);
  }
}

describe('a subscriber with a forecast', () => {
  test('takes on more a quarter of an hour before its peak, though nothing waits yet, and less an hour later', async () => {
    const overload = openOverload({ scales: FORECAST });
    counted(overload, -MOST_HOURS, 3);
    await overload.stack.advance('10m');
    const calm = overload.concurrency() ?? 0;
    await overload.stack.advance('34m');
    expect(overload.concurrency()).toBeLessThan(2 * calm);
    await overload.stack.advance('2m');
    // 18 o'clock brings 6,000 messages: with half as many again 2.6 a second, of which an invocation handles a tenth.
    expect(overload.concurrency()).toBe(invocationsFor(shop(18), 0.1));
    await overload.stack.advance('80m');
    expect(overload.concurrency()).toBeLessThanOrEqual(calm);
  });

  test('tells when far less comes than was to be expected', async () => {
    const overload = openOverload({ scales: FORECAST });
    counted(overload, -MOST_HOURS, 0);
    await overload.stack.advance('40m');
    const { counted: metrics, lines } = overload.stack.environmentOf('scaler');
    expect(metrics['forecast.below']).toBeGreaterThan(10);
    expect(lines.find(({ message }) => message === 'far less than forecast')?.fields).toMatchObject({
      subscriber: 'take-payment',
      hop: 'producer',
    });
  });
});
