import type { Environment } from './environment.ts';

/**
 * Waits for work, but no longer than until a moment. Work that takes longer goes on, and its outcome is dropped.
 *
 * @param until milliseconds since the epoch
 * @returns whether the work has ended
 * @throws whatever the work throws in time
 */
export async function inTime(environment: Environment, until: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController();
  const timeUp = environment.sleep(Math.max(0, until - environment.now()), ended.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), timeUp]);
  } finally {
    // With a reason of its own: the default is an error, whose stack takes long to collect.
    ended.abort('ended');
  }
}
