import type { Environment } from './environment.ts';
import { quietly } from './environment.ts';
import { errorCode } from './errors.ts';
import type { Usage } from './usage.ts';

/** What an invocation counts, e.g. messages by outcome. */
export interface Counts {
  /** Adds to a count; an outcome that never happened is not in the summary. */
  add(name: string, by?: number): void;
}

/** Fields of a summary beyond its counts, e.g. the subscriber's name. Never payloads. */
export type SummaryFields = Readonly<Record<string, string | number | undefined>>;

/**
 * Runs an invocation and reports it in one structured line: `{ ...fields, ...counts, calls, writeUnits, readUnits,
 * milliseconds }`, with `failed` (the error's code) where it threw, and each count as the metric `<name>.<count>`.
 * Reporting never fails the business: what a log or a metric sink throws is dropped.
 *
 * @param name of the line, e.g. `batch`, `relay`
 * @throws whatever `run` throws, after reporting
 */
export async function summarize<Result>(
  environment: Environment,
  name: string,
  fields: SummaryFields,
  run: (counts: Counts) => Promise<Result>,
): Promise<Result> {
  const started = environment.now();
  const before = { ...environment.usage, calls: { ...environment.usage.calls } };
  const counts: Record<string, number> = {};
  const outcome: { failed?: string } = {};
  try {
    return await run({
      add: (count, by = 1) => {
        if (by !== 0) counts[count] = (counts[count] ?? 0) + by;
      },
    });
  } catch (error) {
    outcome.failed = errorCode(error);
    throw error;
  } finally {
    const usage = usageSince(before, environment.usage);
    const milliseconds = environment.now() - started;
    quietly(() => environment.log.info(name, { ...fields, ...counts, ...outcome, ...usage, milliseconds }));
    quietly(() => reportMetrics(environment, name, outcome.failed ? { ...counts, failed: 1 } : counts));
  }
}

function reportMetrics(environment: Environment, name: string, counts: Readonly<Record<string, number>>): void {
  const counted = Object.entries(counts);
  for (const [count, value] of counted) environment.metrics.count(`${name}.${count}`, value);
  if (counted.length > 0) environment.metrics.flush();
}

/** What was used between two moments. */
export function usageSince(before: Usage, after: Usage): Usage {
  const calls = Object.entries(after.calls)
    .map(([operation, count]) => [operation, count - (before.calls[operation] ?? 0)] as const)
    .filter(([, count]) => count > 0);
  return {
    calls: Object.fromEntries(calls),
    writeUnits: after.writeUnits - before.writeUnits,
    readUnits: after.readUnits - before.readUnits,
  };
}
