import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { Violation } from '../../lib/simulator/checks/violation.ts';
import type { Plan } from '../../lib/simulator/plan/plan.ts';
import { bugs } from './index.ts';
import { plant } from './plant.ts';

// Runs plans on the example shop with a bug planted into the framework, until one fails.

/** Which bug is hunted, and how. */
export interface Quarry {
  readonly bug: string;
  /** The only plan to run. @default plans that are made from the seed */
  readonly plan?: Plan;
  readonly seed: number;
  /** Plans that may be run. */
  readonly most: number;
}

/** What became of the hunt. */
export interface Hunt {
  /** Edits whose place is not in the source any more. */
  readonly astray: readonly string[];
  /** Plans that were run. */
  readonly plans: number;
  readonly caught?: { readonly plan: Plan; readonly violations: readonly Violation[] };
}

const { bug: name, plan, seed, most } = workerData as Quarry;
const bug = bugs.find((one) => one.name === name);
if (!bug) throw new Error(`There is no bug '${name}'`);
const { by } = bug;
const astray = plant(bug);
// Each bug has a thread of its own, and loads the same hundreds of modules but for its edits.
enableCompileCache();
const { PlanRunner } = await import('../../lib/simulator/plan/plan-runner.ts');
const { simulate } = await import('../../lib/simulator/run/simulation.ts');
const { commerce } = await import('../../scripts/certify/commerce.ts');
const hunt: Hunt = { ...(await run()), astray: astray() };
parentPort?.postMessage(hunt);

async function run(): Promise<Omit<Hunt, 'astray'>> {
  if (plan) {
    const { violations } = await simulate(commerce, plan);
    return { plans: 1, ...(violations.length > 0 && { caught: { plan, violations } }) };
  }
  const runner = new PlanRunner(commerce, seed);
  let plans = 0;
  for (let number = 0; plans < most && astray().length === 0; number++) {
    const { name: target } = runner.targets[number % runner.targets.length]!;
    if (by && !by.includes(target)) continue;
    const { failed } = await runner.run(number);
    plans += 1;
    if (failed) return { plans, caught: failed };
  }
  return { plans };
}
