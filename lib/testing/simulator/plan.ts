import type { PlannedFault } from './fault.ts';

/** One simulated run as data: what producers do, what goes wrong, and the seed of all that is left to chance. */
export interface Plan {
  /** Orders what happens in one moment, and gives latencies and ids. */
  readonly seed: number;
  readonly workload: readonly PlannedStep[];
  readonly faults: readonly PlannedFault[];
}

export interface PlannedStep {
  /** Its place in the system's workload. */
  readonly step: number;
  /** Milliseconds after the beginning. */
  readonly at: number;
}

/** How long a plan is: what producers do, and what goes wrong. */
export function lengthOf({ workload, faults }: Plan): number {
  return workload.length + faults.length;
}

/** The plan in words, a line for each step. */
export function describePlan({ seed, workload, faults }: Plan): string {
  return [
    `seed ${seed}`,
    ...workload.map(({ step, at }) => `at ${at} ms: step ${step} of the workload`),
    ...faults.map(({ site, nth, fault: { kind, ...details } }) => {
      const parts = Object.entries(details).map(([name, value]) => ` ${name} ${value}`);
      return `${site}, time ${nth + 1}: ${kind}${parts.join(',')}`;
    }),
  ].join('\n');
}
