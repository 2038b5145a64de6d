import { MINUTE_MS } from '../../../contract/time.ts';
import { cronField, cronNumber, type FieldRange } from './cron-field.ts';
import { invalidExpression } from './invalid-expression.ts';

const MINUTES: FieldRange = { min: 0, max: 59 };
const HOURS: FieldRange = { min: 0, max: 23 };
const DAYS: FieldRange = { min: 1, max: 31 };
const MONTHS: FieldRange = {
  min: 1,
  max: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
};
const WEEKDAYS: FieldRange = { min: 1, max: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] };
const YEARS: FieldRange = { min: 1970, max: 2199 };

/** A day of a month, in UTC. */
interface Day {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

type DayTest = (day: Day) => boolean;

/**
 * The six fields of a cron expression of EventBridge Scheduler, in UTC: minutes, hours, day of the month, month, day of
 * the week, year.
 *
 * @returns the first moment at or after another one, in milliseconds since the epoch; `undefined` when there is none
 * @throws ValidationException when a field is none
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */
export function cron(fields: string): (from: number) => number | undefined {
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...others] = fields.trim().split(/\s+/);
  if (!minute || !hour || !dayOfMonth || !month || !dayOfWeek || !year || others.length > 0) throw invalidExpression();
  // Of the two that choose days, one leaves it to the other.
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) throw invalidExpression();
  const isDay = dayOfMonth === '?' ? dayOfWeekTest(dayOfWeek) : dayOfMonthTest(dayOfMonth);
  const minutes = ascending(cronField(minute, MINUTES));
  const hours = ascending(cronField(hour, HOURS));
  const months = cronField(month, MONTHS);
  const years = cronField(year, YEARS);
  const times = hours.flatMap((one) => minutes.map((other) => (one * 60 + other) * MINUTE_MS));

  return (from) => {
    const first = new Date(from);
    const last = Math.max(...years);
    let date = Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate());
    for (;;) {
      const day = dayOf(date);
      if (day.year > last) return undefined;
      const time =
        years.has(day.year) && months.has(day.month) && isDay(day)
          ? times.find((one) => date + one >= from)
          : undefined;
      if (time !== undefined) return date + time;
      date = Date.UTC(day.year, day.month - 1, day.day + 1);
    }
  };
}

/** `15`, `1-5`, `L` (the last), `15W` (the weekday nearest to it, in the same month), `LW` (the last weekday). */
function dayOfMonthTest(text: string): DayTest {
  if (text === 'L') return (day) => day.day === daysIn(day);
  if (text === 'LW') return (day) => day.day === nearestWeekday(day, daysIn(day));
  if (text.endsWith('W')) {
    const target = cronNumber(text.slice(0, -1), DAYS);
    return (day) => target <= daysIn(day) && day.day === nearestWeekday(day, target);
  }
  const days = cronField(text, DAYS);
  return ({ day }) => days.has(day);
}

/** `MON-FRI`, `L` (Saturday), `6L` (the last Friday), `3#2` (the second Tuesday). */
function dayOfWeekTest(text: string): DayTest {
  if (text === 'L') return (day) => weekdayOf(day) === WEEKDAYS.max;
  if (text.endsWith('L')) {
    const weekday = cronNumber(text.slice(0, -1), WEEKDAYS);
    return (day) => weekdayOf(day) === weekday && day.day + 7 > daysIn(day);
  }
  if (text.includes('#')) {
    const [one = '', nth = ''] = text.split('#');
    const weekday = cronNumber(one, WEEKDAYS);
    const week = cronNumber(nth, { min: 1, max: 5 });
    return (day) => weekdayOf(day) === weekday && Math.ceil(day.day / 7) === week;
  }
  const weekdays = cronField(text, WEEKDAYS);
  return (day) => weekdays.has(weekdayOf(day));
}

function nearestWeekday(month: Day, target: number): number {
  const weekday = weekdayOf({ ...month, day: target });
  if (weekday === 7) return target > 1 ? target - 1 : target + 2;
  if (weekday === 1) return target < daysIn(month) ? target + 1 : target - 2;
  return target;
}

function dayOf(milliseconds: number): Day {
  const date = new Date(milliseconds);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function daysIn({ year, month }: Day): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** From 1, Sunday. */
function weekdayOf({ year, month, day }: Day): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((one, other) => one - other);
}
