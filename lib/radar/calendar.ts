import { DAY_MS } from '../contract/time.ts';
import { isOnTheCalendar } from '../contract/timestamp.ts';
import type { RadarBucket } from '../reconcile/radar-rows.ts';
import { addCounts, type Counts, noCounts } from './health.ts';

/** An hour of messages ids, UTC: `2026-11-23T08`. */
export type Hour = string;

const HOUR_TEXT = /^\d{4}-\d{2}-\d{2}T\d{2}$/;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

export function hourOf(milliseconds: number): Hour {
  return new Date(milliseconds).toISOString().slice(0, 13);
}

/** The first millisecond of an hour; undefined for a text that names none. */
export function startOf(hour: string): number | undefined {
  const time = HOUR_TEXT.test(hour) && isOnTheCalendar(hour) ? Date.parse(`${hour}:00Z`) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Days, UTC, the oldest first: `2026-11-23`. The last is today. */
export function daysUntil(now: number, days: number): string[] {
  return Array.from({ length: days }, (_, index) => dayOf(now - (days - 1 - index) * DAY_MS));
}

/** `Mon 23`. */
export function dayName(day: string): string {
  return `${WEEKDAYS[new Date(`${day}T00:00Z`).getUTCDay()]} ${Number(day.slice(8))}`;
}

/** `Mon 23, 08:00 UTC`. */
export function hourName(hour: Hour): string {
  return `${dayName(hour.slice(0, 10))}, ${hour.slice(11)}:00 UTC`;
}

/** Minutes added up to hours. */
export function byHour(buckets: Iterable<RadarBucket>): Map<Hour, Counts> {
  const hours = new Map<Hour, Counts>();
  for (const bucket of buckets) {
    const hour = bucket.minute.slice(0, 13);
    hours.set(hour, addCounts(hours.get(hour) ?? noCounts(), bucket));
  }
  return hours;
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
