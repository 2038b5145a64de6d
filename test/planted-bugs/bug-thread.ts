import { enableCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';
import type { Violation } from '../../lib/simulator/checks/violation.ts';
import type { Plan } from '../../lib/simulator/plan/plan.ts';
import type * as runners from '../../lib/simulator/plan/plan-runner.ts';
import type * as simulation from '../../lib/simulator/run/simulation.ts';
import type { System } from '../../lib/simulator/system.ts';
import type * as ordered from '../../scripts/certify/accounts.ts';
import type * as mistaken from '../../scripts/certify/careless.ts';
import type * as shop from '../../scripts/certify/commerce.ts';
import type * as guarded from '../../scripts/certify/forged.ts';
import type * as changing from '../../scripts/certify/formats.ts';
import type * as growing from '../../scripts/certify/growth.ts';
import type * as posting from '../../scripts/certify/notices.ts';
import type * as expiring from '../../scripts/certify/offers.ts';
import type * as failing from '../../scripts/certify/outages.ts';
import type * as paying from '../../scripts/certify/payments.ts';
import type * as selling from '../../scripts/certify/sale.ts';
import type * as waiting from '../../scripts/certify/vouchers.ts';
import type * as coming from '../../scripts/certify/warehouse.ts';
import type { Bug } from './bug.ts';
import { bugs } from './index.ts';
import { type Planted, plant } from './plant.ts';

// Runs plans on the example shop with a bug planted into the framework, until one fails; then with the next bug.

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

// Compiled once: each hunt loads the same hundreds of modules but for its edits.
enableCompileCache();
parentPort?.on('message', async (quarry: Quarry) => parentPort?.postMessage(await hunt(quarry)));

async function hunt({ bug: name, plan, seed, most }: Quarry): Promise<Hunt> {
  const bug = bugs.find((one) => one.name === name);
  if (!bug) throw new Error(`There is no bug '${name}'`);
  const { load, astray, uproot } = plant(bug);
  try {
    const { PlanRunner } = await load<typeof runners>('lib/simulator/plan/plan-runner.ts');
    const { simulate } = await load<typeof simulation>('lib/simulator/run/simulation.ts');
    const isCareless = bug.system === 'careless';
    const system = await loadSystem(bug.system, load);
    // A careless system fails every plan for what it is itself to blame for.
    const known = (violations: readonly Violation[]) =>
      isCareless ? violations.filter(({ invariant }) => invariant !== 'H') : violations;
    if (plan) {
      const violations = known((await simulate(system, plan)).violations);
      return { astray: astray(), plans: 1, ...(violations.length > 0 && { caught: { plan, violations } }) };
    }
    const runner = new PlanRunner(system, seed);
    let plans = 0;
    for (let number = 0; plans < most && astray().length === 0; number++) {
      const { name: target } = runner.targets[number % runner.targets.length]!;
      if (bug.by && !bug.by.includes(target)) continue;
      const { failed } = await runner.run(number);
      plans += 1;
      if (failed && known(failed.violations).length > 0) return { astray: astray(), plans, caught: failed };
    }
    return { astray: astray(), plans };
  } finally {
    uproot();
  }
}

async function loadSystem(name: Bug['system'], load: Planted['load']): Promise<System> {
  switch (name) {
    case 'careless':
      return (await load<typeof mistaken>('scripts/certify/careless.ts')).careless;
    case 'payments':
      return (await load<typeof paying>('scripts/certify/payments.ts')).payments;
    case 'vouchers':
      return (await load<typeof waiting>('scripts/certify/vouchers.ts')).vouchers;
    case 'accounts':
      return (await load<typeof ordered>('scripts/certify/accounts.ts')).accounts;
    case 'forged':
      return (await load<typeof guarded>('scripts/certify/forged.ts')).forged;
    case 'warehouse':
      return (await load<typeof coming>('scripts/certify/warehouse.ts')).warehouse;
    case 'formats':
      return (await load<typeof changing>('scripts/certify/formats.ts')).changingFormats;
    case 'growth':
      return (await load<typeof growing>('scripts/certify/growth.ts')).growth;
    case 'notices':
      return (await load<typeof posting>('scripts/certify/notices.ts')).notices;
    case 'offers':
      return (await load<typeof expiring>('scripts/certify/offers.ts')).offers;
    case 'outages':
      return (await load<typeof failing>('scripts/certify/outages.ts')).outages;
    case 'sale':
      return (await load<typeof selling>('scripts/certify/sale.ts')).sale;
    default:
      return (await load<typeof shop>('scripts/certify/commerce.ts')).commerce;
  }
}
