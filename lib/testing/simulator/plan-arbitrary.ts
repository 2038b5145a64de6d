import type { Arbitrary } from 'fast-check';
import { type Fault, type FaultKind, LOSSES, type PlannedFault } from './fault.ts';
import type { Plan } from './plan.ts';
import type { Site } from './site.ts';

export interface PlanRange {
  readonly faults: ReadonlyMap<Site, readonly Fault[]>;
  /** How many steps the workload has. */
  readonly steps: number;
  /** A kind of fault of which each plan has one at least. @default none */
  readonly kind?: FaultKind;
}

const DAY = 24 * 3_600_000;
const MAX_STEPS = 5;
/** Faults at the function of the first, and anywhere. */
const MAX_NEAR = 4;
const MAX_OTHERS = 3;
/** Milliseconds over which the producers' steps are spread. */
const SPAN = 1_500;
/** Sites are reached a few times in a run, some of them once: a fault at a later time would seldom happen. */
const TIMES = [0, 0, 0, 1, 1, 2, 3];

/** Plans that shrink: to fewer steps and fewer faults, earlier. The seed stays as it is. */
export function planArbitrary(fc: typeof import('fast-check'), range: PlanRange): Arbitrary<Plan> {
  const losing = range.kind !== undefined && LOSSES.has(range.kind);
  const sites = [...range.faults]
    .map(([site, faults]) => [site, faults.filter((fault) => isCompanion(fault, losing))] as const)
    .filter(([, faults]) => faults.length > 0);
  const isOfKind = ({ kind }: Fault) => kind === range.kind;
  const ofKind = [...range.faults].flatMap(([site, faults]) =>
    faults.filter(isOfKind).map((fault) => ({ site, fault })),
  );
  const firsts =
    ofKind.length > 0 ? ofKind : sites.flatMap(([site, faults]) => faults.map((fault) => ({ site, fault })));
  const workload = fc.array(fc.record({ step: fc.nat(range.steps - 1), at: fc.nat(SPAN) }), {
    minLength: 1,
    maxLength: MAX_STEPS,
  });
  // Sites are drawn before faults: one with a single fault is as likely as one with many.
  const nth = fc.constantFrom(...TIMES);
  const first = fc.record({ place: fc.constantFrom(...firsts), nth });
  const choice = fc.record({ site: fc.nat(), fault: fc.nat(), nth });
  const near = fc.array(choice, { maxLength: MAX_NEAR });
  const others = fc.array(choice, { maxLength: MAX_OTHERS });
  const faults = fc.record({ first, near, others }).map((parts) => {
    const actor = actorOf(parts.first.place.site);
    // Faults that meet at one function show more than those that pass each other by.
    const neighbours = sites.filter(([site]) => actorOf(site) === actor);
    const one = { ...parts.first.place, nth: parts.first.nth };
    return [
      ...causesOf(range.faults, one),
      one,
      ...parts.near.map((chosen) => chosenFrom(neighbours, chosen)),
      ...parts.others.map((chosen) => chosenFrom(sites, chosen)),
    ];
  });
  return fc.record({ seed: fc.noBias(fc.noShrink(fc.nat())), workload, faults });
}

/**
 * Whether a fault may happen beside the one that a plan is made for. What is lost is found by a reconciler that runs each
 * minute, which takes its time: so it is lost by itself, not two weeks long, and in the shards that the reconciler knows.
 */
function isCompanion(fault: Fault, losing: boolean): boolean {
  if (LOSSES.has(fault.kind)) return false;
  return !losing || !(fault.kind === 'more-shards' || (fault.kind === 'duplicate-late' && fault.after > DAY));
}

function chosenFrom(
  sites: readonly (readonly [Site, readonly Fault[]])[],
  { site, fault, nth }: { readonly site: number; readonly fault: number; readonly nth: number },
): PlannedFault {
  const [name, faults] = sites[site % sites.length] as readonly [Site, readonly Fault[]];
  return { site: name, nth, fault: faults[fault % faults.length] as Fault };
}

/** What must happen before, where a fault would seldom find what it happens to: an operator redrives dead letters, which are rare. */
function causesOf(faults: PlanRange['faults'], { site, nth, fault }: PlannedFault): PlannedFault[] {
  if (fault.kind !== 'redrive') return [];
  const poisoned = [...faults.keys()].filter((one) => faults.get(one)?.some(({ kind }) => kind === 'poison'));
  const own = poisoned.find((one) => actorOf(one) === actorOf(site)) ?? poisoned[0];
  if (!own) return [];
  return Array.from({ length: nth + 1 }, (_, index) => ({ site: own, nth: index, fault: { kind: 'poison' } }));
}

/** The subscriber whose function, queue or dead letters a site is, or the relay, a producer or a stream. */
function actorOf(site: Site): string {
  return site.slice(0, site.lastIndexOf('.')).replace(/-(?:dead|recorder)$/, '');
}
