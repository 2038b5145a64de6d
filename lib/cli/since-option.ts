import { InvalidArgumentError } from 'commander';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import { InvalidDefinition } from '../contract/errors.ts';

/** How far back a command looks unless it is told. */
export const SINCE = { default: 3_600_000, shown: '1h' } as const;

/** Reads a length of time on a command line, in milliseconds. */
export function sinceOf(text: string): number {
  try {
    return durationToMilliseconds(text as Duration);
  } catch (error) {
    if (error instanceof InvalidDefinition) {
      throw new InvalidArgumentError('It is a length of time, such as 90s, 15m, 1h or 2d.');
    }
    throw error;
  }
}
