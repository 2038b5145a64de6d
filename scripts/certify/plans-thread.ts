import { parentPort, workerData } from 'node:worker_threads';
import { PlanRunner } from '../../lib/simulator/plan/plan-runner.ts';
import { joined, NO_RUNS, tallyOf } from '../../lib/simulator/tally.ts';
import { commerce } from './commerce.ts';

// A thread's share of the plans: those whose number leaves `first` when divided by `threads`.

export interface Share {
  readonly seed: number;
  readonly plans: number;
  readonly first: number;
  readonly threads: number;
}

const { seed, plans, first, threads } = workerData as Share;
const runner = new PlanRunner(commerce, seed);
let tally = NO_RUNS;
for (let number = first; number < plans && tally.failed.length === 0; number += threads) {
  tally = joined(tally, tallyOf(number, await runner.run(number)));
}
parentPort?.postMessage(tally);
