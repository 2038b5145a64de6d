import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantOf } from '../../lib/contract/timestamp.ts';
import { startOf } from '../../lib/radar/calendar.ts';

test('a timestamp is a moment of the calendar', () => {
  const moments = fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true });
  fc.assert(
    fc.property(moments, (moment) => {
      expect(instantOf(moment.toISOString())).toBe(moment.getTime());
    }),
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
