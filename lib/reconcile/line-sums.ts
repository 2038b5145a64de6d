import type { LineCounts } from './tally.ts';

/** Counts of messages, with those that are missing somewhere. */
export type Counts = LineCounts & { missing: number };

/** Counts by business line. */
export type Lines = Record<string, Counts>;

/** Adds the counts of some messages to those of others, in place. */
export function addLines(total: Lines, lines: Readonly<Lines>): Lines {
  for (const [line, counts] of Object.entries(lines)) {
    const sum = total[line] ?? { committed: 0, handled: 0, inFlight: 0, scheduled: 0, dead: 0, missing: 0 };
    for (const [name, count] of Object.entries(counts)) sum[name as keyof Counts] += count;
    total[line] = sum;
  }
  return total;
}
