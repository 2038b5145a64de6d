import { InvalidArgumentError } from 'commander';
import { isOnTheCalendar } from '../contract/timestamp.ts';

/** With its zone: what a text without one means depends on where it is read. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads a moment on a command line. */
export function momentOf(text: string): Date {
  const at = new Date(INSTANT.test(text) && isOnTheCalendar(text) ? text : Number.NaN);
  if (!Number.isNaN(at.getTime())) return at;
  throw new InvalidArgumentError('It is a moment with its zone, such as 2026-11-24T08:00:00Z.');
}
