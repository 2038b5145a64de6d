import type { Environment } from './environment.ts';

const LONGEST_SECONDS = 900;

/**
 * How long a failed message rests before it is delivered again: Fibonacci seconds by the number of deliveries so far,
 * 1, 1, 2, 3, 5 …, at most 15 minutes, which SQS can delay a message by too.
 */
export function redeliveryDelay(deliveries: number): number {
  let [delay, next] = [1, 1];
  for (let count = 1; count < deliveries && delay < LONGEST_SECONDS; count++) [delay, next] = [next, delay + next];
  return Math.min(delay, LONGEST_SECONDS);
}

/**
 * Milliseconds before an attempt within an invocation is repeated: exponential from 25 ms up to 1 s, fully jittered, so
 * that callers that met each other part.
 *
 * @param repeats how often it was repeated already
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function jitter(environment: Environment, repeats: number): number {
  const [high = 0, low = 0] = environment.random(2);
  return Math.ceil(Math.min(1_000, 25 * 2 ** repeats) * ((high * 256 + low + 1) / 65_536));
}
