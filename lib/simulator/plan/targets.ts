import { MINUTE_MS } from '../../contract/time.ts';
import type { Fault, FaultKind } from '../faults/fault.ts';
import { PRODUCER, type Site, type SiteRequest, SWEEP } from '../faults/site.ts';
import { TRAITS } from '../faults/traits.ts';
import type { Operation, OperationKind } from '../operations/operation.ts';
import { describedStep, type SendingMode, type System, sendingModesOf, streamOf } from '../system.ts';

/** Something that plans must show: a kind of fault, a trait or an outcome. Each plan is made for one of them. */
export interface Target {
  /** As the certificate names it. */
  readonly name: string;
  /** Whether a fault leads there. A plan that is made for it begins with one that does. @default any */
  readonly by?: (fault: Fault, site: Site) => boolean;
  /** The kind of operation that each plan has which is made for it. @default none */
  readonly operation?: OperationKind;
  /** The step of the workload that leads there. @default any */
  readonly step?: number;
  /** Steps of the workload of which each may lead there. @default any */
  readonly anyOf?: readonly number[];
  /** Whether producers must be at it again a while later. @default false */
  readonly again?: true;
  /** Whether plans seldom show it that are not made for it. @default false */
  readonly hard?: true;
}

/** Outcomes, by the metric that counts them, that plans seldom reach unless they are made for them. */
export const AIMED_OUTCOMES = ['recorder.dead', 'reconcile.deferred', 'batch.again'] as const;

/** Kinds that no plan has that is not made for them, or few. */
const HARD: ReadonlySet<FaultKind> = new Set([
  'crash-loop',
  'retention',
  'old-version',
  'purged',
  'more-shards',
  'redrive-race',
  'in-use',
  'reshard',
  'ttl-early',
  'ttl-late',
]);

/** SQS gives a message up that was received so often. */
const RECEIVES = 100;

/** Everything that the plans of a system must show, in the order in which plans are made for it. */
export function targetsOf(
  system: System,
  faults: ReadonlyMap<Site, readonly Fault[]>,
  operations: readonly Operation[],
): readonly Target[] {
  const consumers = system.subscribers.map(({ name }) => name);
  const hasQueues = consumers.some((name) => streamOf(system, name) === undefined);
  const kinds = [...new Set([...faults.values()].flat().map(({ kind }) => kind))].sort();
  const isOf = (wanted: FaultKind) => (fault: Fault) => fault.kind === wanted;
  const kills = (fault: Fault) => fault.kind === 'crash-at-start' && fault.times > RECEIVES;
  const ofCommit = (site: Site) => consumers.some((name) => site === `${name}.TransactWriteItems.inbox`);
  const freezes = (fault: Fault, site: Site) =>
    fault.kind === 'reply-late' && fault.after < MINUTE_MS && ofCommit(site);
  const [older, newer] = [stepOfVersion(system, false), stepOfVersion(system, true)];
  return [
    ...kinds.map((name): Target => ({ name, by: isOf(name), ...(HARD.has(name) && { hard: true }) })),
    ...[...new Set(operations.map(({ kind }) => kind))].map(
      (kind): Target => ({ name: kind, operation: kind, again: true }),
    ),
    { name: TRAITS.thawed, by: freezes, again: true, hard: true },
    { name: TRAITS.warm },
    { name: 'batch.again', by: (fault, site) => fault.kind === 'denied' && ofCommit(site) },
    ...(hasQueues
      ? [
          { name: TRAITS.moved, by: kills, hard: true } as const,
          { name: 'recorder.dead', by: kills, hard: true } as const,
        ]
      : []),
    // What waits for its moment is not lost by the dozen.
    ...(hasQueues && sendsAtOnce(system)
      ? [
          {
            name: 'reconcile.deferred',
            by: (fault: Fault) => fault.kind === 'lost' && fault.for !== undefined,
            hard: true,
          } as const,
        ]
      : []),
    ...sendingTargets(system),
    ...breakerTargets(system),
    ...sagaTargets(system),
    ...(system.scales ? [{ name: 'scaler.changed', operation: 'subscriber-paused', again: true } as const] : []),
    ...(older === undefined ? [] : [{ name: TRAITS.olderVersion, step: older }]),
    ...(newer === undefined
      ? []
      : [{ name: TRAITS.newerVersion, by: isOf('old-version'), step: newer, hard: true } as const]),
    ...system.workload.flatMap((step, index) => {
      const { trait } = describedStep(step);
      return trait ? [{ name: trait, step: index }] : [];
    }),
  ];
}

/** Whether some step sends messages that are delivered at once. */
function sendsAtOnce({ workload }: System): boolean {
  return workload.some((step) => !describedStep(step).sends?.some((mode) => mode === 'delay' || mode === 'wait'));
}

/** The first step that publishes the newest version, or an older one, of an event that somebody's former code does not know. */
function stepOfVersion({ subscribers, previous = {}, workload }: System, newest: boolean): number | undefined {
  const versioned = subscribers
    .filter(({ name }) => previous[name] !== undefined)
    .flatMap(({ consumes }) => consumes.filter(({ version }) => version > 1));
  const index = workload.findIndex((step) => {
    const { publishes: published } = describedStep(step);
    const event = versioned.find(({ type }) => type === published?.type);
    return event !== undefined && (event.version === published?.version) === newest;
  });
  return index < 0 ? undefined : index;
}

/** What plans must show of the modes in which a system's producers send. */
function sendingTargets(system: System): Target[] {
  const target = (name: string, mode: SendingMode, by?: Target['by']): Target[] => {
    const anyOf = stepsBy(system, [mode]);
    return anyOf.length === 0 ? [] : [{ name, anyOf, hard: true, ...(by && { by }) }];
  };
  const diesAt = (request: SiteRequest) => (fault: Fault, site: Site) =>
    /^crash-(?:before|after)$/.test(fault.kind) && site === `${PRODUCER}.${request}`;
  const hops = ({ kind }: Fault, site: Site) => kind === 'clock-skew' && site === `${SWEEP}.invoke`;
  return [
    ...target(TRAITS.delayed, sendingModesOf(system).has('delay') ? 'delay' : 'wait'),
    ...target(TRAITS.swept, 'wait'),
    ...target(TRAITS.scheduled, 'wait'),
    ...target(TRAITS.hop, 'wait', hops),
    ...target(TRAITS.sent, 'handshake'),
    ...target(TRAITS.pendingHealed, 'handshake', diesAt('SendMessageBatch')),
    ...target(TRAITS.cancelled, 'cancel'),
    ...target(TRAITS.tooLate, 'cancel'),
    ...target(TRAITS.rescheduled, 'reschedule'),
    ...target(TRAITS.halfCommitted, 'half'),
    ...target(TRAITS.halfCheckedBack, 'half', diesAt('TransactWriteItems.half')),
    ...target(TRAITS.halfRolledBack, 'half'),
    ...target(TRAITS.halfAskedEarly, 'held'),
    ...target(TRAITS.halfUnanswered, 'quarantine'),
  ];
}

/** What plans must show of circuits and redrives, where subscribers have breakers. */
function breakerTargets({ breakers }: System): Target[] {
  if (!breakers) return [];
  const by = (operation: OperationKind, ...names: readonly string[]) =>
    names.map((name): Target => ({ name, operation, again: true, hard: true }));
  return [
    ...by('service-fails', 'circuit.opened', 'controller.probe-failed', 'controller.probe-good', 'controller.closed'),
    ...by('redriven', TRAITS.redriveHandled, 'redrive.stopped'),
  ];
}

/** What plans must show of sagas. */
function sagaTargets({ sagas }: System): Target[] {
  if (!sagas) return [];
  const paused = { operation: 'subscriber-paused', hard: true } as const;
  return [
    { name: TRAITS.sagaCompleted },
    { name: TRAITS.sagaCompensated },
    { name: TRAITS.sagaStuck, hard: true },
    { name: TRAITS.sagaToldAgain, ...paused },
    { name: TRAITS.sagaVoid, ...paused },
  ];
}

/** The steps of a workload that send in one of these modes. */
export function stepsBy({ workload }: System, modes: readonly SendingMode[]): number[] {
  return workload.flatMap((step, index) =>
    describedStep(step).sends?.some((mode) => modes.includes(mode)) ? [index] : [],
  );
}
