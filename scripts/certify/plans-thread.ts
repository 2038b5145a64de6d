import { parentPort, workerData } from 'node:worker_threads';
import { PlanRunner } from '../../lib/simulator/plan/plan-runner.ts';
import { joined, NO_RUNS, totalsOf } from '../../lib/simulator/totals.ts';
import { loadSystem, type SystemName } from './systems.ts';

// A thread's share of the plans: those whose number leaves `first` when divided by `threads`.

export interface Share {
  readonly system: SystemName;
  readonly seed: number;
  readonly plans: number;
  readonly first: number;
  readonly threads: number;
}

const { system, seed, plans, first, threads } = workerData as Share;
const runner = new PlanRunner(await loadSystem(system), seed);
let totals = NO_RUNS;
for (let number = first; number < plans && totals.failed.length === 0; number += threads) {
  totals = joined(totals, totalsOf(number, await runner.run(number)));
}
parentPort?.postMessage(totals);
