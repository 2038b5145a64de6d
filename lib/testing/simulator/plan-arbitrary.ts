import type { Arbitrary } from 'fast-check';
import type { Fault, FaultKind, PlannedFault } from './fault.ts';
import type { Plan } from './plan.ts';
import type { Site } from './site.ts';

export interface PlanRange {
  readonly faults: ReadonlyMap<Site, readonly Fault[]>;
  /** How many steps the workload has. */
  readonly steps: number;
  /** A kind of fault of which each plan has one at least. @default none */
  readonly kind?: FaultKind;
}

type Place = Pick<PlannedFault, 'site' | 'fault'>;

const MAX_STEPS = 5;
const MAX_FAULTS = 5;
/** Milliseconds over which the producers' steps are spread. */
const SPAN = 1_500;
/** Sites are reached a few times in a run: a fault at a later time would seldom happen. */
const LAST_TIME = 3;

/** Plans that shrink: to fewer steps and fewer faults, earlier. The seed stays as it is. */
export function planArbitrary(fc: typeof import('fast-check'), range: PlanRange): Arbitrary<Plan> {
  const places = [...range.faults].flatMap(([site, faults]) => faults.map((fault) => ({ site, fault })));
  const ofKind = places.filter(({ fault }) => fault.kind === range.kind);
  const workload = fc.array(fc.record({ step: fc.nat(range.steps - 1), at: fc.nat(SPAN) }), {
    minLength: 1,
    maxLength: MAX_STEPS,
  });
  const planned = (from: readonly Place[]): Arbitrary<PlannedFault> =>
    fc
      .record({ place: fc.constantFrom(...from), nth: fc.nat(LAST_TIME) })
      .map(({ place: { site, fault }, nth }) => ({ site, nth, fault }));
  const others = fc.array(planned(places), { maxLength: MAX_FAULTS });
  if (ofKind.length === 0) return fc.record({ seed: fc.noShrink(fc.nat()), workload, faults: others });
  const wanted = planned(ofKind).map((one) => [...causesOf(places, one), one]);
  const faults = fc.tuple(fc.array(wanted, { minLength: 1, maxLength: 2 }), others).map((parts) => parts.flat(2));
  return fc.record({ seed: fc.noShrink(fc.nat()), workload, faults });
}

/** What must happen before, where a fault would seldom find what it happens to: an operator redrives dead letters, which are rare. */
function causesOf(places: readonly Place[], { site, nth, fault }: PlannedFault): PlannedFault[] {
  if (fault.kind !== 'redrive') return [];
  const subscriber = site.slice(0, site.lastIndexOf('-dead.'));
  const poison = places.filter((place) => place.fault.kind === 'poison');
  const own = poison.find((place) => place.site.startsWith(`${subscriber}.`)) ?? poison[0];
  return own ? Array.from({ length: nth + 1 }, (_, index) => ({ ...own, nth: index })) : [];
}
