import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recurrence } from '../../../../lib/testing/engines/scheduler/recurrence.ts';

const START = Date.UTC(2026, 0, 1);

/** The first times after the beginning of 2026. */
function times(expression: string, count: number): string[] {
  const { next } = recurrence(expression);
  const found: string[] = [];
  for (let after = START - 1; found.length < count; ) {
    const due = next(START, after);
    if (due === undefined) break;
    found.push(new Date(due).toISOString().slice(0, 16));
    after = due;
  }
  return found;
}

test.each([
  ['at(2026-03-01T10:30:00)', ['2026-03-01T10:30']],
  ['at(2025-03-01T10:30:00)', []],
  ['rate(1 minute)', ['2026-01-01T00:00', '2026-01-01T00:01', '2026-01-01T00:02']],
  ['rate(36 hours)', ['2026-01-01T00:00', '2026-01-02T12:00', '2026-01-04T00:00']],
  ['cron(0 8 * * ? *)', ['2026-01-01T08:00', '2026-01-02T08:00', '2026-01-03T08:00']],
  ['cron(15 12 * * ? *)', ['2026-01-01T12:15', '2026-01-02T12:15', '2026-01-03T12:15']],
  ['cron(0 18 ? * MON-FRI *)', ['2026-01-01T18:00', '2026-01-02T18:00', '2026-01-05T18:00']],
  ['cron(0/25 8 ? * 2 *)', ['2026-01-05T08:00', '2026-01-05T08:25', '2026-01-05T08:50']],
  ['cron(0 8 1 * ? *)', ['2026-01-01T08:00', '2026-02-01T08:00', '2026-03-01T08:00']],
  ['cron(0 0 L * ? *)', ['2026-01-31T00:00', '2026-02-28T00:00', '2026-03-31T00:00']],
  ['cron(0 0 29 FEB ? *)', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
  ['cron(0 0 30 2 ? *)', []],
  // The 15th of February is a Sunday, of August a Saturday, and the 1st of August too.
  ['cron(0 0 15W 2,8 ? 2026)', ['2026-02-16T00:00', '2026-08-14T00:00']],
  ['cron(0 0 1W 8 ? 2026)', ['2026-08-03T00:00']],
  ['cron(0 0 LW 1,5 ? 2026)', ['2026-01-30T00:00', '2026-05-29T00:00']],
  ['cron(15 10 ? * 6L 2026-2027)', ['2026-01-30T10:15', '2026-02-27T10:15', '2026-03-27T10:15']],
  ['cron(0 0 ? * TUE#2 *)', ['2026-01-13T00:00', '2026-02-10T00:00', '2026-03-10T00:00']],
  ['cron(0 0 ? * L *)', ['2026-01-03T00:00', '2026-01-10T00:00', '2026-01-17T00:00']],
])('%s', (expression, expected) => {
  expect(times(expression, 3)).toEqual(expected);
});

test.each([
  'sometimes',
  'at(2026-01-01)',
  'at(2026-02-30T00:00:00)',
  'at(2026-01-01T00:00:00Z)',
  'rate(0 minutes)',
  'rate(1 minutes)',
  'rate(2 minute)',
  'rate(5 seconds)',
  'cron(0 8 * * *)',
  'cron(0 8 * * * *)',
  'cron(0 8 ? * ? *)',
  'cron(60 8 * * ? *)',
  'cron(0 8 * 13 ? *)',
  'cron(0 8 ? * 8 *)',
  'cron(0 8 5-1 * ? *)',
  'cron(*/0 8 * * ? *)',
])('%s is refused', (expression) => {
  expect(() => recurrence(expression)).toThrow(expect.objectContaining({ name: 'ValidationException' }));
});

test('a rate counts from its start, and each moment is the first after the one before', () => {
  const cases = fc.record({
    minutes: fc.integer({ min: 2, max: 10_000 }),
    begin: fc.integer({ min: 0, max: 1e12 }),
    after: fc.integer({ min: 0, max: 2e12 }),
  });
  fc.assert(
    fc.property(cases, ({ minutes, begin, after }) => {
      const due = recurrence(`rate(${minutes} minutes)`).next(begin, after) ?? Number.NaN;
      expect(due).toBeGreaterThanOrEqual(begin);
      expect(due).toBeGreaterThan(after);
      expect((due - begin) % (minutes * 60_000)).toBe(0);
      expect(due - Math.max(begin, after)).toBeLessThanOrEqual(minutes * 60_000);
    }),
  );
});
