import type { Plan } from '../../lib/simulator/plan/plan.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { trips } from '../../scripts/certify/trips.ts';

/** What is wrong with a run of the certified sagas, for whoever plants a bug. */
export async function drill(plan: Plan): Promise<readonly string[]> {
  const { violations } = await simulate(trips, plan);
  return violations.map(({ invariant, what }) => `${invariant}: ${what}`);
}
