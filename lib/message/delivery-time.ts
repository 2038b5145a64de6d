import { momentOfChecked } from '../contract/timestamp.ts';
import type { Envelope } from './envelope.ts';

/**
 * SQS delays by whole seconds: the last fraction of a second, and what its clock and ours differ by, is waited out by
 * whoever receives the message. What comes earlier than this goes back to wait.
 */
export const HOLD_MS = 1_500;

/** When a message may be handled, in milliseconds since the epoch; 0 where it says nothing of it. */
export function momentOf({ deliverat }: Pick<Envelope, 'deliverat'>): number {
  return deliverat === undefined ? 0 : momentOfChecked(deliverat);
}

/** The whole seconds until a moment, rounded down, so that what waits for them is never late; 0 when it has come. */
export function secondsUntil(moment: number, now: number): number {
  return Math.max(0, Math.floor((moment - now) / 1000));
}

/** Waits for a moment. A timer may ring a little early: then it goes on. */
export async function holdUntil(environment: Clock, moment: number): Promise<void> {
  for (let rest = moment - environment.now(); rest > 0; rest = moment - environment.now()) {
    await environment.sleep(rest);
  }
}

/** The part of an environment that a wait needs. */
interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}
