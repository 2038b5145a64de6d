import type { Arbitrary } from 'fast-check';
import type { Fault, FaultKind, PlannedFault } from '../faults/fault.ts';
import { actorOf, happeningAt, PRODUCER, RECONCILER, RELAY, type Site } from '../faults/site.ts';
import { changesGraph, type Operation, type OperationKind, type PlannedOperation } from '../operations/operation.ts';
import type { Plan } from './plan.ts';

export interface PlanRange {
  readonly faults: ReadonlyMap<Site, readonly Fault[]>;
  /** What operators may do. @default nothing */
  readonly operations?: readonly Operation[];
  /** The kind of operation that each plan has. @default none */
  readonly operation?: OperationKind;
  /** How many steps the workload has. */
  readonly steps: number;
  /** Which faults each plan has one of, at least. @default any */
  readonly by?: (fault: Fault, site: Site) => boolean;
  /** A step that each plan has. @default any */
  readonly step?: number;
  /** The steps of the workload of which one is needed to reach a site; `undefined` where any will do. @default any */
  readonly leadsTo?: (site: Site) => readonly number[] | undefined;
  /** Whether producers are at it again, later than an invocation may take. @default false */
  readonly again?: true;
}

/** Faults that make a run long. */
const SLOW: ReadonlySet<FaultKind> = new Set(['crash-loop', 'retention']);
/** What few runs come to: a fault there would seldom happen. */
const RARE =
  /^(?:(?:Batch)?GetItem\.|PutItem\.(?:inbox|case)|UpdateItem\.|DeleteItem\.|SendMessage|ChangeMessage|GetQueueAttributes)/;
/** How often reconciliation lists messages between two times at which a fault may meet it. */
const LISTS = 7;
/** What happens to a message in a queue. */
const PARKED = /^(?:sent|received|postponed|deleted)$/;
/** What is stale when a replica lags, beside. */
const STALE_TOGETHER: Partial<Record<Site, Site>> = {
  'reconciler.Query.outbox': 'reconciler.GetItem.outbox',
  'reconciler.Query.inbox': 'reconciler.GetItem.inbox',
  'reconciler.GetItem.outbox': 'reconciler.Query.outbox',
  'reconciler.GetItem.inbox': 'reconciler.Query.inbox',
};
const MAX_STEPS = 5;
/** Faults at the function of the first, and anywhere. */
const MAX_NEAR = 4;
const MAX_OTHERS = 3;
/** Milliseconds over which the producers' steps are spread. */
const SPAN_MS = 1_500;
/** Sites are reached a few times in a run, some of them once: a fault at a later time would seldom happen. */
const TIMES = [0, 0, 0, 1, 1, 2, 3];
/** The fault that a plan is made for must happen. */
const FIRST_TIMES = [0, 0, 0, 0, 0, 1, 1, 2];
/** Other operations of a plan that is made for one, and faults. */
const MAX_OTHER_OPERATIONS = 2;
const MAX_BESIDES = 2;
/** Milliseconds within which operators begin what they do. */
const OPERATED_MS = 15_000;
/** Milliseconds after which producers are at it again. */
const AGAIN_MS = 20_000;

/** Plans that shrink: to fewer steps and fewer faults, earlier. The seed stays as it is. */
export function planArbitrary(fc: typeof import('fast-check'), range: PlanRange): Arbitrary<Plan> {
  const sites = [...range.faults]
    .map(([site, faults]) => [site, faults.filter(isCompanion)] as const)
    .filter(([, faults]) => faults.length > 0);
  const { by, step } = range;
  const firsts = (by ? [...range.faults] : sites).flatMap(([site, faults]) =>
    (by ? faults.filter((fault) => by(fault, site)) : faults).map((fault) => ({ site, fault })),
  );
  const usual = firsts.filter(({ site }) => !isRare(site));
  const place =
    usual.length === 0 ? fc.constantFrom(...firsts) : fc.oneof(fc.constantFrom(...usual), fc.constantFrom(...firsts));
  const at = fc.nat(SPAN_MS);
  const steps = fc.array(fc.record({ step: fc.nat(range.steps - 1), at }), {
    minLength: step === undefined ? 1 : 0,
    maxLength: MAX_STEPS,
  });
  const workload =
    step === undefined
      ? steps
      : fc.tuple(fc.record({ step: fc.constant(step), at }), steps).map(([one, rest]) => [one, ...rest]);
  // Sites are drawn before faults: one with a single fault is as likely as one with many.
  const nth = fc.constantFrom(...TIMES);
  const first = fc.record({ place, nth: fc.constantFrom(...FIRST_TIMES), cause: fc.nat() });
  const choice = fc.record({ site: fc.nat(), fault: fc.nat(), nth });
  const near = fc.array(choice, { maxLength: MAX_NEAR });
  const others = fc.array(choice, { maxLength: MAX_OTHERS });
  const faults = fc.record({ first, near, others }).map((parts) => {
    const subject = subjectOf(parts.first.place.site);
    // Faults that meet at one function show more than those that pass each other by.
    const neighbours = sites.filter(([site]) => subjectOf(site) === subject);
    const one = { ...parts.first.place, nth: timeAt(parts.first.place.site, parts.first.nth) };
    return [
      ...causesOf(range.faults, one, parts.first.cause),
      one,
      ...parts.near.map((chosen) => chosenFrom(neighbours, chosen)),
      ...parts.others.map((chosen) => chosenFrom(sites, chosen)),
    ];
  });
  const all = range.again
    ? workload.map((some) => [...some, ...some.map((one) => ({ ...one, at: one.at + AGAIN_MS }))])
    : workload;
  const seed = fc.noBias(fc.noShrink(fc.nat()));
  if (range.operation === undefined) {
    return fc.record({ seed, workload: all, faults }).map((plan) => ({ ...plan, workload: withLeading(plan, range) }));
  }
  // Operations show by themselves what they lead to: few faults, or none, happen beside them.
  const besides = fc
    .array(choice, { maxLength: MAX_BESIDES })
    .map((chosen) => chosen.map((one) => chosenFrom(sites, one)));
  return fc.record({ seed, workload: all, faults: besides, operations: operationsIn(fc, range, range.operation) });
}

/** One operation of a kind, and maybe others. */
function operationsIn(
  fc: typeof import('fast-check'),
  { operations = [] }: PlanRange,
  kind: OperationKind,
): Arbitrary<PlannedOperation[]> {
  // Mostly while messages are on their way.
  const at = fc.oneof(fc.nat(SPAN_MS), fc.nat(OPERATED_MS));
  const planned = (some: readonly Operation[]) =>
    fc.record({ operation: fc.constantFrom(...some), at }).map((one) => ({ ...one.operation, at: one.at }));
  const own = planned(operations.filter((one) => one.kind === kind));
  // Kinds are drawn first: one that may be done to many is no more likely than others.
  const kinds = Map.groupBy(operations, (one) => one.kind);
  const others = fc.array(fc.oneof(...[...kinds.values()].map(planned)), { maxLength: MAX_OTHER_OPERATIONS });
  return fc.tuple(own, fc.boolean(), others).map(([one, isLate, rest]) => {
    // Who is removed has something to lose where it has stood still before, and who may not be asked for its queue to hide.
    const loser = loserBy(one);
    const before = operations.find((other) => other.kind === 'subscriber-paused' && other.subscriber === loser);
    const standstill = isLate && before ? [{ ...before, at: 0 }] : [];
    return [one, ...standstill, ...rest].filter(isFirstOfItsGraph);
  });
}

/** Operations that delete a queue with all that is in it. */
const REMOVES: ReadonlySet<OperationKind> = new Set([
  'subscriber-removed',
  'subscriber-added-again',
  'subscriber-renamed',
]);

/** The subscriber whose queue an operation deletes with all that is in it, or keeps from being looked at. */
function loserBy(one: Operation): string | undefined {
  if (REMOVES.has(one.kind) && 'subscriber' in one) return one.subscriber;
  return one.kind === 'permission-lost' ? one.on : undefined;
}

/** What is deployed twice at once is one deploy's to decide. */
function isFirstOfItsGraph(one: PlannedOperation, index: number, all: readonly PlannedOperation[]): boolean {
  return !all.slice(0, index).some((before) => collides(before, one));
}

function collides(one: Operation, other: Operation): boolean {
  return changesGraph(one) && changesGraph(other) && isOfOne(one, other);
}

function isOfOne(one: Operation, other: Operation): boolean {
  return 'subscriber' in one && 'subscriber' in other && one.subscriber === other.subscriber;
}

/** The workload, with a step that leads to the place of a fault where no other does. */
function withLeading({ seed, workload, faults }: Plan, { leadsTo, step }: PlanRange): Plan['workload'] {
  if (step !== undefined) return workload;
  const leading = faults.map(({ site }) => leadsTo?.(site)).find((steps) => steps !== undefined) ?? [];
  if (leading.length === 0 || workload.some((one) => leading.includes(one.step))) return workload;
  return [...workload, { step: leading[seed % leading.length] as number, at: 0 }];
}

/** Whether a fault may happen beside the one that a plan is made for: not what takes days, or hundreds of invocations. */
function isCompanion(fault: Fault): boolean {
  return !SLOW.has(fault.kind);
}

function chosenFrom(
  sites: readonly (readonly [Site, readonly Fault[]])[],
  { site, fault, nth }: { readonly site: number; readonly fault: number; readonly nth: number },
): PlannedFault {
  const [name, faults] = sites[site % sites.length] as readonly [Site, readonly Fault[]];
  const chosen = faults[fault % faults.length] as Fault;
  return { site: name, nth: timeAt(name, nth), fault: chosen };
}

/** Reconciliation lists messages some dozens of times a run: any of them may fail. When it first runs, nothing is due. */
function timeAt(site: Site, nth: number): number {
  if (actorOf(site) !== RECONCILER) return nth;
  const happening = happeningAt(site);
  if (/^Query\.(?:in|out)box$/.test(happening)) return nth * nth * LISTS;
  return happening === 'fire' ? nth + 1 : nth;
}

/**
 * What must happen before, where a fault would seldom find what it happens to: an operator redrives dead letters, and
 * reconciliation looks closer at what was lost, which both are rare.
 */
function causesOf(faults: PlanRange['faults'], { site, nth, fault }: PlannedFault, choice: number): PlannedFault[] {
  const sitesOf = (cause: FaultKind) =>
    [...faults.keys()].filter((one) => faults.get(one)?.some(({ kind }) => kind === cause));
  if (fault.kind === 'redrive' || fault.kind === 'redrive-race') {
    const poisoned = sitesOf('poison');
    const own = poisoned.find((one) => subjectOf(one) === subjectOf(site)) ?? poisoned[0];
    if (!own) return [];
    return Array.from({ length: nth + 1 }, (_, index) => ({ site: own, nth: index, fault: { kind: 'poison' } }));
  }
  // More of one subscriber is lost at once than a run of reconciliation may send there again.
  if (fault.kind === 'lost' && fault.for !== undefined) {
    return [0, 1].map((time) => ({ site: `${PRODUCER}.ask`, nth: time, fault: { kind: 'burst', times: 20 } }));
  }
  // The queue of who reads a stream holds what has failed, and nothing else.
  const actor = actorOf(site);
  if (faults.has(`${actor}.GetRecords`) && PARKED.test(happeningAt(site))) {
    return [{ site: `${actor}.TransactWriteItems.inbox`, nth: 0, fault: { kind: 'denied' } }];
  }
  if (actor !== RECONCILER) return [];
  const losing = sitesOf('lost');
  const lost = losing[choice % losing.length];
  // A replica lags in whatever is read of it.
  const other = STALE_TOGETHER[site];
  return [
    ...(lost ? [{ site: lost, nth: 0, fault: { kind: 'lost', for: 30_000 } } as const] : []),
    ...(fault.kind === 'stale' && other ? [{ site: other, nth: 0, fault }] : []),
  ];
}

function isRare(site: Site): boolean {
  return RARE.test(happeningAt(site)) && actorOf(site) !== RELAY;
}

/** The subscriber whose function, queue or dead letters a site is of, or the relay, a producer or a stream. */
function subjectOf(site: Site): string {
  return actorOf(site).replace(/-(?:dead|recorder)$/, '');
}
