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
  const hour = timestamp.slice(0, 13);
  const moment = Date.parse(`${hour}:00Z`);
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(hour);
}
