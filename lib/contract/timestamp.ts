/**
 * RFC 3339 in UTC. `Date.parse` alone takes nearly anything for a date, and what has no offset for local time.
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** The moment of an RFC 3339 timestamp in UTC, in milliseconds since the epoch; `undefined` when it is none. */
export function instantOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const known = value.length === WRITTEN_LENGTH ? inKnownMinute(value) : undefined;
  if (known !== undefined) return known;
  if (!TIMESTAMP.test(value) || !isOnTheCalendar(value)) return undefined;
  const instant = Date.parse(value);
  if (Number.isNaN(instant)) return undefined;
  remember(value.slice(0, MINUTE_LENGTH), Math.floor(instant / MINUTE_MS));
  return instant;
}

/** The moment of a timestamp that has been checked, in milliseconds since the epoch. */
export function momentOfChecked(timestamp: string): number {
  return instantOf(timestamp) ?? Date.parse(timestamp);
}

/** A moment as `Date.toISOString` writes it, in a fraction of its time. @param milliseconds since the epoch */
export function timestampOf(milliseconds: number): string {
  const start = minuteOf(milliseconds);
  if (start.length !== MINUTE_LENGTH || !Number.isInteger(milliseconds)) return new Date(milliseconds).toISOString();
  const rest = String(100_000 + milliseconds - Math.floor(milliseconds / MINUTE_MS) * MINUTE_MS);
  return `${start}:${rest.slice(1, 3)}.${rest.slice(3)}Z`;
}

/** The minute of a moment: `2026-11-23T08:14`, UTC. @param milliseconds since the epoch */
export function minuteOf(milliseconds: number): string {
  const minute = Math.floor(milliseconds / MINUTE_MS);
  const known = texts.get(minute);
  if (known !== undefined) return known;
  const text = new Date(milliseconds).toISOString().slice(0, -SECONDS_LENGTH);
  remember(text, minute);
  return text;
}

const MINUTE_MS = 60_000;
/** Characters of `2026-11-23T08:14`, of `:36.123Z` behind it, and of both. */
const MINUTE_LENGTH = 16;
const SECONDS_LENGTH = 8;
const WRITTEN_LENGTH = MINUTE_LENGTH + SECONDS_LENGTH;

/**
 * The minutes that were read and written last, by their number and by their text. The moments of a batch lie in a few, and
 * the calendar takes longer than all else of a moment.
 */
const MOST_MINUTES = 64;
const texts = new Map<number, string>();
const minutes = new Map<string, number>();

function remember(text: string, minute: number): void {
  if (texts.size >= MOST_MINUTES || minutes.size >= MOST_MINUTES) {
    texts.clear();
    minutes.clear();
  }
  texts.set(minute, text);
  minutes.set(text, minute);
}

/** Where the digits of seconds and milliseconds are. */
const DIGITS = [17, 18, 20, 21, 22];

/** The moment of a timestamp as it is written here; `undefined` where its minute is not known, or it is none. */
function inKnownMinute(text: string): number | undefined {
  const minute = minutes.get(text.slice(0, MINUTE_LENGTH));
  if (minute === undefined || text[16] !== ':' || text[19] !== '.' || text[23] !== 'Z') return undefined;
  let milliseconds = 0;
  for (const index of DIGITS) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    milliseconds = 10 * milliseconds + digit;
  }
  return milliseconds < MINUTE_MS ? minute * MINUTE_MS + milliseconds : undefined;
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
