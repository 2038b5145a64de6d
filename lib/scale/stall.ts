import type { Reading } from './decide.ts';

/** A queue from which nobody takes anything, though something waits. */
export interface Stall {
  /** When it was seen first, in milliseconds since the epoch. */
  readonly since: number;
  /** In how many readings in a row. */
  readonly readings: number;
}

/** So many readings in a row are no chance: a message that has just come waits for a moment, too. */
export const STALLED_READINGS = 3;
/** A stall that lasts is told once a minute, of readings 5 seconds apart. */
const TOLD_EACH = 12;

/** What a reading says of a queue that was as it was before; `undefined` where it moves, or is empty. */
export function stallAfter(before: Stall | undefined, { at, waiting, inFlight }: Reading): Stall | undefined {
  if (waiting === 0 || inFlight > 0) return undefined;
  return { since: before?.since ?? at, readings: (before?.readings ?? 0) + 1 };
}

/** Whether a stall is to be told now. */
export function isTold(stall: Stall | undefined): stall is Stall {
  return stall !== undefined && stall.readings % TOLD_EACH === STALLED_READINGS;
}
