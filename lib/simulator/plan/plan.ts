import { SimulatorMisused } from '../errors.ts';
import type { PlannedFault } from '../faults/fault.ts';
import { IN_WORDS } from '../faults/fault-words.ts';
import type { PlannedOperation } from '../operations/operation.ts';
import { describedStep, type WorkloadStep } from '../system.ts';

/** One simulated run as data: what producers do, what goes wrong, and the seed of all that is left to chance. */
export interface Plan {
  /** Orders what happens in one moment, and gives latencies and ids. */
  readonly seed: number;
  readonly workload: readonly PlannedStep[];
  readonly faults: readonly PlannedFault[];
  /** What operators do meanwhile. @default nothing */
  readonly operations?: readonly PlannedOperation[];
}

/** A step of a system's workload, and when it is asked for. */
export interface PlannedStep {
  /** Its place in the system's workload. */
  readonly step: number;
  /** Milliseconds after the beginning. */
  readonly at: number;
}

/** How long a plan is: what producers and operators do, and what goes wrong. */
export function lengthOf({ workload, faults, operations = [] }: Plan): number {
  return workload.length + faults.length + operations.length;
}

/**
 * The plan in words, a line for each step.
 *
 * @param steps the system's workload, where its steps are to be told apart by what they publish
 */
export function describePlan(
  { seed, workload, faults, operations = [] }: Plan,
  steps: readonly WorkloadStep[] = [],
): string {
  return [
    `seed ${seed}`,
    ...workload.map(({ step, at }, index) => `at ${at} ms: step ${step} of the workload${ofStep(index)}`),
    ...operations.map(({ at, kind, ...details }) => `at ${at} ms: ${kind}${inWords(details)} (${IN_WORDS[kind]})`),
    ...faults.map(({ site, nth, fault: { kind, ...details } }) => {
      return `${site}, time ${nth + 1}: ${kind}${inWords(details)} (${IN_WORDS[kind]})`;
    }),
    ...(workload.some((_, index) => isRepeated(index)) ? [REPEATED] : []),
  ].join('\n');

  function ofStep(index: number): string {
    const step = steps[workload[index]?.step ?? -1];
    const { publishes, trait } = step === undefined ? {} : describedStep(step);
    const what = publishes ? `, which publishes ${publishes.type}` : trait ? `, '${trait}'` : '';
    return `${what}${isRepeated(index) ? ', once more' : ''}`;
  }

  function isRepeated(index: number): boolean {
    return workload.findIndex(({ step }) => step === workload[index]?.step) < index;
  }
}

const REPEATED =
  'Plans repeat steps, as a customer presses a button twice: each time is a message of its own, unless an idempotency key says otherwise.';

function inWords(details: object): string {
  return Object.entries(details)
    .map(([name, value]) => ` ${name} ${value}`)
    .join(',');
}

/**
 * Reads a plan from its JSON.
 *
 * @throws SimulatorMisused when it is none
 */
export function parsePlan(text: string): Plan {
  const plan = parsed(text) as Partial<Plan> | null;
  const isPlan =
    typeof plan === 'object' &&
    plan !== null &&
    Number.isSafeInteger(plan.seed) &&
    isList(plan.workload, ({ step, at }: Partial<PlannedStep>) => isCount(step) && isCount(at)) &&
    isList(
      plan.faults,
      ({ site, nth, fault }: Partial<PlannedFault>) =>
        typeof site === 'string' && isCount(nth) && typeof fault?.kind === 'string',
    ) &&
    isList(plan.operations ?? [], ({ kind, at }: Partial<PlannedOperation>) => typeof kind === 'string' && isCount(at));
  if (isPlan) return plan as Plan;
  throw new SimulatorMisused(
    'A plan is JSON of the form { seed, workload: [{ step, at }], faults: [{ site, nth, fault }], operations?: [{ kind, at }] }',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isList<Item extends object>(value: unknown, isItem: (item: Item) => boolean): boolean {
  return (
    Array.isArray(value) &&
    value.every((item: Item | null) => typeof item === 'object' && item !== null && isItem(item))
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
