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

const MAX_STEPS = 5;
const MAX_FAULTS = 5;
/** Milliseconds over which the producers' steps are spread. */
const SPAN = 1_500;

/** Plans that shrink: to fewer steps and fewer faults, earlier. The seed stays as it is. */
export function planArbitrary(fc: typeof import('fast-check'), range: PlanRange): Arbitrary<Plan> {
  const all = [...range.faults].flatMap(([site, faults]) => faults.map((fault) => ({ site, fault })));
  const ofKind = all.filter(({ fault }) => fault.kind === range.kind);
  const workload = fc.array(fc.record({ step: fc.nat(range.steps - 1), at: fc.nat(SPAN) }), {
    minLength: 1,
    maxLength: MAX_STEPS,
  });
  const planned = (faults: readonly Pick<PlannedFault, 'site' | 'fault'>[], max: number): Arbitrary<PlannedFault> =>
    fc.record({ place: fc.constantFrom(...faults), nth: fc.nat(max) }).map(({ place, nth }) => ({ ...place, nth }));
  const others = fc.array(planned(all, 3), { maxLength: MAX_FAULTS });
  const faults =
    ofKind.length > 0
      ? fc.tuple(fc.array(planned(ofKind, 2), { minLength: 1, maxLength: 2 }), others).map((parts) => parts.flat())
      : others;
  return fc.record({ seed: fc.noShrink(fc.nat()), workload, faults });
}
