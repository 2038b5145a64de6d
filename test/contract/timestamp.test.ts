import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantOf, minuteOf, timestampOf } from '../../lib/contract/timestamp.ts';
import { startOf } from '../../lib/radar/calendar.ts';

test('a timestamp is a moment of the calendar', () => {
  const moments = fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true });
  fc.assert(
    fc.property(moments, (moment) => {
      expect(instantOf(moment.toISOString())).toBe(moment.getTime());
    }),
  );
});

test('a moment is written as the calendar has it, and read again, whatever was written and read before', () => {
  const within = fc.integer({ min: 0, max: 3 * 60_000 });
  const anywhere = fc.integer({ min: -8.64e15, max: 8.64e15 });
  fc.assert(
    fc.property(
      fc.oneof(
        within.map((after) => Date.UTC(2027, 1, 28, 23, 58) + after),
        anywhere,
      ),
      (moment) => {
        const written = new Date(moment).toISOString();
        expect(timestampOf(moment)).toBe(written);
        expect(minuteOf(moment)).toBe(written.slice(0, -8));
        if (written.length === 24) expect(instantOf(written)).toBe(moment);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('what begins with a minute that was read before is a moment only if the rest is right', () => {
  const minute = '2027-02-28T23:58';
  expect(instantOf(`${minute}:07.250Z`)).toBe(Date.UTC(2027, 1, 28, 23, 58, 7, 250));
  const rests = fc.string({ unit: fc.constantFrom(...':.Z0159 +e'), minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(rests, (rest) => {
      expect(instantOf(minute + rest) !== undefined).toBe(/^:[0-5]\d\.\d{3}Z$/.test(rest));
    }),
    { numRuns: 2_000 },
  );
});

test('a day, an hour, a minute or a second that does not exist is refused', () => {
  const two = (number: number) => String(number).padStart(2, '0');
  const parts = fc.tuple(...[13, 32, 25, 61, 61].map((max) => fc.integer({ min: 0, max })));
  fc.assert(
    fc.property(fc.integer({ min: 1970, max: 2100 }), parts, (year, [month, day, hour, minute, second]) => {
      const [date, time] = [
        [month, day],
        [hour, minute, second],
      ].map((some) => some.map((part) => two(part as number)));
      const text = `${year}-${date?.join('-')}T${time?.join(':')}`;
      const moment = new Date(`${text}Z`);
      const exists = !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
      expect(instantOf(`${text}Z`) !== undefined).toBe(exists);
    }),
    { numRuns: 2_000 },
  );
});

test.each(['2027-02-30T09:00:00Z', '2027-02-29T09:00:00Z', '2027-04-31T09:00:00Z', '2027-02-28T24:00:00Z'])(
  '%s is no moment',
  (text) => {
    expect(instantOf(text)).toBeUndefined();
    expect(startOf(text.slice(0, 13))).toBeUndefined();
  },
);
