import { PROMISES } from './checks/violation.ts';
import { describePlan, lengthOf } from './plan/plan.ts';
import type { FailedPlan } from './plan/plan-runner.ts';
import { AIMED_OUTCOMES, type Target } from './plan/targets.ts';
import type { WorkloadStep } from './system.ts';
import { hashOf, type Totals } from './totals.ts';

/** How many fault plans a system survived, and what they made happen. */
export interface Certificate {
  /** Plans that were run. */
  readonly plans: number;
  /** Messages that were committed in all of them. */
  readonly messages: number;
  /** How often each kind of fault has happened, and how often each trait was met. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often operators have done each kind of thing. */
  readonly operations: Readonly<Record<string, number>>;
  /** Messages that were lost, or late, at a subscriber. */
  readonly lost: number;
  /** Effects, ends and dead letters too many. */
  readonly doubled: number;
  /** Effects, ends and copies without a committed cause, counted in the record of what was committed. */
  readonly uncaused: number;
  /** How often services outside have done what they were asked for: where it is 0, `chargedTwice` shows nothing. */
  readonly charges: number;
  /** What services outside have done more than once, by their own books. */
  readonly chargedTwice: number;
  /** Effects that came before what they follow in the order of their key, at subscribers that keep it. */
  readonly reordered: number;
  /** Executions of sagas. */
  readonly sagas: number;
  /** Their steps that were done. */
  readonly steps: number;
  /** Executions of which all that was done was undone. */
  readonly compensated: number;
  /** How often a step waited for somebody to decide, who was told. */
  readonly stuck: number;
  /** Executions that were left half done, or that nobody was told of. */
  readonly leftBehind: number;
  /** Kinds of faults that never happened, and outcomes that were never reached: what they would show is not known. */
  readonly unreached: readonly string[];
  /** The same for the same system, seed and plans. */
  readonly hash: string;
}

/** Outcomes that every system can reach, by the metric that counts them. */
const OUTCOMES = [
  'relay.copies',
  'relay.receipts',
  'relay.failed',
  'batch.handled',
  'batch.already',
  'batch.unfinished',
  'batch.dead',
  'reconcile.missing',
  'reconcile.resent',
  'reconcile.closed',
] as const;

/** @param targets what the system's plans must show */
export function certificateOf(totals: Totals, targets: readonly Target[]): Certificate {
  const { faults, outcomes, operations, violations, messages, uncaused, charges, sagas, hashes } = totals;
  const isOutcome = (name: string) => AIMED_OUTCOMES.some((one) => one === name);
  const wantedOperations = targets.flatMap(({ operation }) => operation ?? []).sort();
  const names = targets.flatMap(({ name, operation }) => (operation ? [] : [name]));
  const kinds = names.filter((name) => !isOutcome(name)).sort();
  const wanted = [...OUTCOMES, ...names.filter(isOutcome)];
  return {
    plans: Object.keys(hashes).length,
    messages,
    faults: Object.fromEntries(kinds.map((kind) => [kind, faults[kind] ?? 0])),
    operations: Object.fromEntries(wantedOperations.map((kind) => [kind, operations[kind] ?? 0])),
    lost: (violations.L ?? 0) + (violations.T ?? 0),
    doubled: violations.D ?? 0,
    uncaused,
    charges,
    chargedTwice: violations.E ?? 0,
    reordered: violations.O ?? 0,
    ...sagas,
    leftBehind: violations.U ?? 0,
    unreached: [
      ...kinds.filter((kind) => !faults[kind]),
      ...wantedOperations.filter((kind) => !operations[kind]),
      ...wanted.filter((outcome) => !outcomes[outcome]),
    ],
    hash: hashOf(totals),
  };
}

const MOST_SHOWN = 5;

/** A failing plan in words: what it does, which promise did not hold, and which messages that is about. */
export function describeFailure({ plan, violations, cited = [] }: FailedPlan, steps?: readonly WorkloadStep[]): string {
  const shown = violations
    .slice(0, MOST_SHOWN)
    .map(({ invariant, what }) => `  ${invariant}, ${PROMISES[invariant]}: ${what}`);
  const more = violations.length > shown.length ? [`  and ${violations.length - shown.length} more`] : [];
  const named = cited.filter((line) => shown.some((one) => one.includes(line.slice(0, line.indexOf(' ')))));
  return [
    `A plan of ${lengthOf(plan)} steps fails:`,
    ...indented(describePlan(plan, steps).split('\n')),
    'What did not hold:',
    ...shown,
    ...more,
    ...(named.length > 0 ? ['The messages:', ...indented(named)] : []),
  ].join('\n');
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
