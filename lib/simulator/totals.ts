import { hash } from 'node:crypto';
import type { SagaCounts } from './checks/saga-runs.ts';
import type { Invariant } from './checks/violation.ts';
import type { FailedPlan } from './plan/plan-runner.ts';
import type { RunReport } from './run/simulation.ts';

/** What some runs showed together. Plain data, so that it can come from another thread. */
export interface Totals {
  readonly messages: number;
  /** Ends, copies and effects without a committed cause. */
  readonly uncaused: number;
  /** How often services outside have done what they were asked for. */
  readonly charges: number;
  /** What became of sagas. */
  readonly sagas: SagaCounts;
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, number>>;
  /** Violations by invariant. */
  readonly violations: Readonly<Partial<Record<Invariant, number>>>;
  /** By the plan's number. */
  readonly hashes: Readonly<Record<number, string>>;
  readonly failed: readonly (FailedPlan & { readonly number: number })[];
}

export const NO_RUNS: Totals = {
  messages: 0,
  uncaused: 0,
  charges: 0,
  sagas: { sagas: 0, steps: 0, compensated: 0, stuck: 0 },
  faults: {},
  outcomes: {},
  operations: {},
  violations: {},
  hashes: {},
  failed: [],
};

/** The totals of one run. */
export function totalsOf(number: number, report: RunReport & { readonly failed?: FailedPlan }): Totals {
  const { messages, charges, sagas, faults, outcomes, operations, hash: own, failed } = report;
  const violations: Partial<Record<Invariant, number>> = {};
  for (const { invariant } of report.violations) violations[invariant] = (violations[invariant] ?? 0) + 1;
  return {
    messages,
    charges,
    sagas,
    // The first counts what has ended; the second also what was sent or published.
    uncaused: Math.max(report.uncaused, violations.C ?? 0),
    faults,
    outcomes,
    operations,
    violations,
    hashes: { [number]: own },
    failed: failed ? [{ ...failed, number }] : [],
  };
}

/** The totals of all runs of both. */
export function joined(one: Totals, other: Totals): Totals {
  return {
    messages: one.messages + other.messages,
    uncaused: one.uncaused + other.uncaused,
    charges: one.charges + other.charges,
    sagas: sum(one.sagas, other.sagas),
    faults: sum(one.faults, other.faults),
    outcomes: sum(one.outcomes, other.outcomes),
    operations: sum(one.operations, other.operations),
    violations: sum(one.violations, other.violations),
    hashes: { ...one.hashes, ...other.hashes },
    failed: [...one.failed, ...other.failed].sort((a, b) => a.number - b.number),
  };
}

/** One hash of all runs, whatever order they were run in. */
export function hashOf({ hashes }: Totals): string {
  const numbers = Object.keys(hashes).map(Number);
  numbers.sort((one, other) => one - other);
  return hash('sha256', numbers.map((number) => hashes[number]).join('\n'));
}

function sum<Counts extends Readonly<Partial<Record<string, number>>>>(one: Counts, other: Counts): Counts {
  const total: Record<string, number | undefined> = { ...one };
  for (const [name, count = 0] of Object.entries(other)) total[name] = (total[name] ?? 0) + count;
  return total as Counts;
}
