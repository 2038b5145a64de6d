import type { Environment } from '../aws/environment.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import type { Pauses } from '../aws/send-batch.ts';

/**
 * A send is repeated at once, then after exactly 1, 1, 2, 3, 5, 8 … s, at most 15 minutes apart, as long as there is time.
 *
 * @param until no repeat begins then or later, in milliseconds since the epoch
 * @param isJittered whether each pause is a random part of that instead, so that many producers do not come at once
 */
export function fibonacciPauses(environment: Environment, until: number, isJittered: boolean): Pauses {
  return (repeat) => {
    const exact = repeat === 1 ? 0 : 1_000 * redeliveryDelay(repeat - 1);
    const pause = isJittered ? Math.ceil(exact * share(environment)) : exact;
    return environment.now() + pause < until ? pause : undefined;
  };
}

/** From 0 to 1. */
function share(environment: Environment): number {
  const [high = 0, low = 0] = environment.random(2);
  return (high * 256 + low) / 65_535;
}
