import { type FaultKind, LOSSES } from '../faults/fault.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import { RECONCILER, RELAY, SWEEP } from '../faults/site.ts';
import type { OperationKind } from '../operations/operation.ts';

/** Runs of the sweep in a row that may fail. */
const SPARE_RUNS = 8;

/** What the faults of a run excuse. */
export interface Leniency {
  /** Whether a clock was wrong. */
  readonly skewed: boolean;
  /** Whether messages were lost on their way. */
  readonly loses: boolean;
  /** Whether every message came by the relay. */
  readonly relayed: boolean;
  /** Whether nothing has failed that makes a message late. */
  readonly punctual: boolean;
  /** Whether nothing has failed but destinations that took nothing, or subscribers that read nothing, for some time. */
  readonly sickOnly: boolean;
  /** Whether requests arrive when they are sent, and clocks are right. */
  readonly onTime: boolean;
  /** Whether all functions are deployed with the same shards. */
  readonly sameShards: boolean;
  /** Whether whoever reads sees what was written. */
  readonly fresh: boolean;
  /** Whether nothing has failed at reconciliation, and it knew of every shard. */
  readonly reconciles: boolean;
  /** Whether its first pass may have overlooked something, which a later one finds. */
  readonly overlooks: boolean;
  /**
   * Whether reconciliation can see that a message is in that queue: receipts lie where they are looked for, since clocks are
   * right and all functions know the same shards, and no message was late in the queue, which SQS counts as not due yet.
   */
  readonly inSight: (queue: string) => boolean;
}

/** What the faults that have happened in a run excuse. */
export function leniencyOf(faults: FaultPlan, operations: Readonly<Partial<Record<OperationKind, number>>>): Leniency {
  const has = (...kinds: readonly FaultKind[]) => faults.has(kinds);
  const sameShards = !has('more-shards') && !operations['shards-disagree'];
  return {
    sameShards,
    fresh: !has('stale'),
    skewed: has('clock-skew'),
    loses: faults.has(LOSSES),
    relayed: !faults.has(LOSSES, `${RELAY}.GetRecords`),
    // Who is paused, removed or not there yet gets late what waits for its moment.
    punctual: Object.keys(operations).length === 0 && isPunctual(faults),
    sickOnly: isSickOnly(faults, operations),
    onTime: !has('clock-skew', 'request-late', 'apply-late', 'reply-late'),
    inSight: (queue) => sameShards && !has('clock-skew') && !faults.has(['delay'], `${queue}.sent`),
    overlooks: !sameShards || has('clock-skew', 'stale'),
    reconciles:
      sameShards && !has('clock-skew') && ![...faults.happened].some((one) => one.startsWith(`${RECONCILER}.`)),
  };
}

/** Kinds of operations that keep something from being delivered for some time, and nothing else. */
export const SICKNESSES: ReadonlySet<string> = new Set<OperationKind>([
  'destination-refused',
  'subscriber-paused',
  'permission-lost',
]);

function isSickOnly({ happened }: FaultPlan, operations: object): boolean {
  const begun = Object.keys(operations);
  if (happened.size === 0 && begun.length === 0) return false;
  return [...happened].every((one) => one.endsWith(' refuses')) && begun.every((kind) => SICKNESSES.has(kind));
}

function isPunctual({ happened, fired }: FaultPlan): boolean {
  let failed = fired['schedule-missed'] ?? 0;
  for (const one of happened) {
    const [site = '', kind = ''] = one.split(' ');
    const [actor] = site.split('.');
    if (kind === 'schedule-missed' || kind === 'schedule-twice' || kind === 'stale') continue;
    if (kind === 'clock-skew' || kind === 'more-shards') return false;
    if (actor !== SWEEP && actor !== RECONCILER) return false;
    // A run may end with its first request that is throttled.
    failed += kind === 'throttle' ? Math.max(3, fired.throttle ?? 0) : 3;
  }
  return failed <= SPARE_RUNS;
}
