import type { Reading } from './decide.ts';

/** A queue in which something waits, and from which nobody takes anything, or of which nothing ends. */
export interface Stall {
  /** When it was seen first, in milliseconds since the epoch. */
  readonly since: number;
  /** In how many readings in a row. */
  readonly readings: number;
  /** Messages that were being handled at the last reading, and all that were there. */
  readonly inFlight: number;
  readonly all: number;
}

/** So many readings in a row are no chance: a message that has just come waits for a moment, too. */
export const STALLED_READINGS = 3;
/** A stall that lasts is told once a minute, of readings 5 seconds apart. */
const TOLD_EACH = 12;

/**
 * What a reading says of a queue that was as it was before; `undefined` where nothing waits. What is being handled is a stall
 * for as long as neither it nor all that is there becomes less: whatever ends is deleted.
 */
export function stallAfter(before: Stall | undefined, { at, waiting, inFlight }: Reading): Stall | undefined {
  if (waiting === 0) return undefined;
  const all = waiting + inFlight;
  const isSame =
    inFlight === 0
      ? before?.inFlight === 0
      : before !== undefined && before.inFlight > 0 && inFlight >= before.inFlight && all >= before.all;
  const { since, readings } = isSame && before ? before : { since: at, readings: 0 };
  return { since, readings: readings + 1, inFlight, all };
}

/**
 * Whether a stall is to be told now: what nobody takes at the third reading, and what is being handled once it has been for
 * longer than an invocation lasts.
 *
 * @param lasts milliseconds that an invocation may last
 * @param every milliseconds from one reading to the next
 */
export function isTold(stall: Stall | undefined, lasts: number, every: number): stall is Stall {
  if (stall === undefined) return false;
  const first = stall.inFlight === 0 ? STALLED_READINGS : Math.max(STALLED_READINGS, Math.ceil(lasts / every) + 1);
  return stall.readings >= first && (stall.readings - first) % TOLD_EACH === 0;
}
