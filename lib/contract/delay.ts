import { type Duration, signedMilliseconds } from './duration.ts';
import { InvalidDefinition, LimitExceeded } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { SequenceDefinition } from './sequence.ts';

/** When a message is delivered: at a moment, or some time from now. Never both. */
export type Delay =
  | { readonly deliverAt: Date; readonly delay?: undefined }
  | { readonly delay: Duration; readonly deliverAt?: undefined }
  | { readonly deliverAt?: undefined; readonly delay?: undefined };

/** What a message of an order takes: it would have those behind it wait. */
export type NoDelay = { readonly deliverAt?: undefined; readonly delay?: undefined };

/** How a message of an event may be delayed: not at all where it is in a sequence. */
export type DelayOf<Event> = Event extends { readonly sequence: SequenceDefinition } ? NoDelay : Delay;

/**
 * The moment of delivery in milliseconds since the epoch; `undefined` when it is now or has passed.
 *
 * @throws InvalidDefinition when both a moment and a delay are given, or the moment is no date, or the delay no duration
 * @throws LimitExceeded when it is more than a year ahead
 */
export function deliveryTime({ deliverAt, delay }: Delay, now: number): number | undefined {
  if (deliverAt !== undefined && delay !== undefined) {
    throw new InvalidDefinition('A message takes `deliverAt` or `delay`, not both');
  }
  if (deliverAt === undefined && delay === undefined) return undefined;
  const time = deliverAt === undefined ? now + millisecondsOf(delay) : momentOf(deliverAt);
  if (Number.isNaN(time)) throw new InvalidDefinition('`deliverAt` is not a valid date');
  if (time > now + LIMITS.delayMilliseconds) {
    throw new LimitExceeded('A message can be delayed by at most 366 days');
  }
  return time > now ? time : undefined;
}

function millisecondsOf(delay: unknown): number {
  const milliseconds = signedMilliseconds(delay);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidDefinition(
    `The delay '${delay}' is not a duration: give a number and ms, s, m, h or d, e.g. '90s'; none or a negative one is at once`,
  );
}

/** JavaScript users may give anything. */
function momentOf(date: unknown): number {
  return date instanceof Date ? date.getTime() : Number.NaN;
}
