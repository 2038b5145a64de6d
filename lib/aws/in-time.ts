import type { Environment } from './environment.ts';
import { Interruption } from './interruption.ts';

/**
 * Waits for work, but no longer than until a moment. Work that takes longer goes on, and its outcome is dropped.
 *
 * @param until milliseconds since the epoch
 * @returns whether the work has ended
 * @throws whatever the work throws in time
 */
export async function inTime(environment: Environment, until: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new Interruption();
  const timeUp = environment.sleep(Math.max(0, until - environment.now()), ended).then(() => false);
  try {
    return await Promise.race([work.then(() => true), timeUp]);
  } finally {
    ended.abort();
  }
}
