import { MINUTE_MS } from '../contract/time.ts';
import type { Ends } from '../ledger/ends.ts';
import type { Reading } from './decide.ts';

/** A queue in which something waits that nobody takes, or in which messages are being handled that do not become fewer. */
export interface Stall {
  /** Since when something waits, or more and more is being handled, in milliseconds since the epoch. */
  readonly since: number;
  /** Messages that were being handled at the last reading, and all that were there. */
  readonly inFlight: number;
  readonly all: number;
  /** Whether something waited at the last reading, and at how many more was being handled than before. */
  readonly waits: boolean;
  readonly grown: number;
  /** When it was told last. */
  readonly toldAt?: number;
}

/** What has ended at a subscriber of a queue. */
type Quiet = Pick<Ends, 'newest' | 'longest'>;

/** Three readings 5 seconds apart are no chance: a message that has just come waits for a moment, too. */
const STILL_MS = 9_000;
/** Of what is being handled nothing has ended for so many times as long as the slowest that has. */
const SLOW_TIMES = 3;
/** What failed and rests is being handled, too, as SQS counts it: so often more has to be. */
const LEAST_GROWN = 2;

/**
 * What a reading says of a queue that was as it was before; `undefined` where nothing is there. What is being handled may stand still
 * for as long as neither it nor all that is there becomes less: whatever ends is deleted.
 */
export function stallAfter(before: Stall | undefined, { at, waiting, inFlight }: Reading): Stall | undefined {
  const all = waiting + inFlight;
  const waits = waiting > 0;
  if (all === 0) return undefined;
  const isSame =
    inFlight === 0
      ? before?.inFlight === 0
      : before !== undefined && before.inFlight > 0 && inFlight >= before.inFlight && all >= before.all;
  if (!isSame || !before) return { since: at, inFlight, all, waits, grown: 0 };
  const hasGrown = inFlight > before.inFlight;
  const grown = before.grown + (hasGrown ? 1 : 0);
  const goesOn = (waits && before.waits) || grown > 0;
  return { ...before, since: goesOn ? before.since : at, inFlight, all, waits, grown };
}

/** Whether a stall may be told at a reading: where it has lasted for three, and not within a minute of the last time. */
export function mayStandStill(stall: Stall | undefined, at: number): stall is Stall {
  if (stall === undefined || at - stall.since < STILL_MS) return false;
  const isComing = stall.waits || stall.grown >= LEAST_GROWN;
  return isComing && at - (stall.toldAt ?? Number.NEGATIVE_INFINITY) >= MINUTE_MS;
}

/**
 * Whether what is being handled stands still: nothing has ended for much longer than messages take, or for longer than an
 * invocation lasts.
 *
 * @param ends what has ended lately; `undefined` where that is not known: then an invocation's time decides
 * @param lasts milliseconds that an invocation may last
 */
export function isHanging({ since, waits }: Stall, at: number, ends: Quiet | undefined, lasts: number): boolean {
  if (!ends) return waits && at - since > lasts;
  const quiet = at - Math.max(since, ends.newest);
  return quiet >= Math.max(STILL_MS, Math.min(lasts, SLOW_TIMES * ends.longest));
}

/** Since when a stream's subscriber has ended nothing, where what comes may stand still there: for three readings, and much longer than it takes. */
export function quietSince({ newest, slowest }: Ends, at: number): number | undefined {
  return at - newest >= Math.max(STILL_MS, SLOW_TIMES * slowest) ? newest : undefined;
}

/** What came so lately may be on its way. */
export function owedUntil(at: number): number {
  return at - STILL_MS;
}

/** A stall that was told: it is told again once a minute, where something waits or yet more is being handled. */
export function told(stall: Stall, at: number): Stall {
  return { ...stall, grown: 0, toldAt: at };
}
