/**
 * RFC 3339 in UTC. `Date.parse` alone takes nearly anything for a date, and what has no offset for local time.
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** The moment of an RFC 3339 timestamp in UTC, in milliseconds since the epoch; `undefined` when it is none. */
export function instantOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !TIMESTAMP.test(value)) return undefined;
  if (!isOnTheCalendar(value)) return undefined;
  const instant = Date.parse(value);
  return Number.isNaN(instant) ? undefined : instant;
}

/**
 * Whether the day and the hour that a timestamp begins with, `2027-02-28T09`, exist: `Date.parse` takes the 30th of
 * February for the 2nd of March, and hour 24 for the next day.
 */
export function isOnTheCalendar(timestamp: string): boolean {
  const day = Number(timestamp.slice(8, 10));
  const isDay = day >= 1 && (day <= 28 || day <= lastDay(Number(timestamp.slice(0, 4)), Number(timestamp.slice(5, 7))));
  return isDay && timestamp.slice(11, 13) < '24' && timestamp.slice(5, 7) <= '12' && timestamp.slice(5, 7) >= '01';
}

function lastDay(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
