import type { ScaleSettings } from '../contract/scale.ts';
import type { Scaled, Verdict } from '../ledger/rows/scale.ts';

/** What waits for a subscriber at a moment, in milliseconds since the epoch. */
export interface Reading {
  readonly at: number;
  /** Messages that wait. */
  readonly waiting: number;
  /** Messages that are being handled: as long as there are any, an empty queue is no sign that less would do. */
  readonly inFlight: number;
}

export interface Pace {
  /** Milliseconds from one reading to the next. */
  readonly every: number;
  /** Invocations at once that a forecast asks for. @default none */
  readonly floor?: number;
}

/** Readings that are further apart than so many steps are not in a row. */
const STEPS_IN_A_ROW = 3;

/**
 * How much is to be taken on at once after a reading. Two readings in a row that say the same double or halve it, once in a
 * cooldown; one alone changes nothing, and after a change two more are needed. A forecast raises it at once, and it is not
 * halved below that. It is always within `min` and `max`.
 *
 * @param before what it was; `undefined` where nothing was ever changed: then it is `min`, as it was deployed
 */
export function decide(
  before: Scaled | undefined,
  reading: Reading,
  settings: ScaleSettings,
  { every, floor = settings.min }: Pace,
): Scaled {
  const { at } = reading;
  const { min, max, cooldown } = settings;
  const least = within(floor, min, max);
  const known: Scaled = before ?? { concurrency: min, verdict: 'hold', at: Number.NEGATIVE_INFINITY };
  const { changedAt = Number.NEGATIVE_INFINITY } = known;
  const concurrency = within(known.concurrency, least, max);
  if (concurrency !== known.concurrency) return { concurrency, verdict: 'hold', at, changedAt: at };
  const gap = at - known.at;
  // A schedule may invoke twice: a reading of the same moment is no second one.
  if (gap < every / 2) return known;
  const verdict = verdictOf(reading, settings, concurrency > least);
  const isSecond = verdict === known.verdict && gap <= STEPS_IN_A_ROW * every;
  const wanted = isSecond && at - changedAt >= cooldown ? step(verdict, concurrency, least, max) : concurrency;
  if (wanted !== concurrency) return { concurrency: wanted, verdict: 'hold', at, changedAt: at };
  return { concurrency, verdict, at, ...(known.changedAt !== undefined && { changedAt }) };
}

/** Whether a subscriber takes on all that it may, and two readings in a row say that it is not enough. */
export function isExhausted(before: Scaled | undefined, after: Scaled, { max }: ScaleSettings): boolean {
  return after.concurrency === max && after.verdict === 'up' && before?.verdict === 'up' && after.at > before.at;
}

function verdictOf(
  { waiting, inFlight }: Reading,
  { doubleAbove, halveBelow }: ScaleSettings,
  mayFall: boolean,
): Verdict {
  const backlog = waiting + inFlight;
  if (backlog > doubleAbove) return 'up';
  return backlog < halveBelow && mayFall ? 'down' : 'hold';
}

function step(verdict: Verdict, concurrency: number, least: number, max: number): number {
  if (verdict === 'up') return within(concurrency * 2, least, max);
  return verdict === 'down' ? within(Math.floor(concurrency / 2), least, max) : concurrency;
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
