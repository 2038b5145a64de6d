import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Certificate, certificateOf } from '../../lib/simulator/certificate.ts';
import type { FailedPlan } from '../../lib/simulator/plan/plan-runner.ts';
import { PlanRunner } from '../../lib/simulator/plan/plan-runner.ts';
import { joined, NO_RUNS, type Totals } from '../../lib/simulator/totals.ts';
import type { Share } from './plans-thread.ts';
import { loadSystem, type SystemName } from './systems.ts';

/** What the plans of a system showed, and the first that failed. */
export interface Certified {
  readonly certificate: Certificate;
  /** The hash of each plan's run, by its number. */
  readonly hashes: Totals['hashes'];
  readonly failed?: FailedPlan;
}

/** Certifies a system, on as many threads as the machine has cores: the result is the same on one. */
export async function certifySystem(
  system: SystemName,
  plans: number,
  seed: number,
  threads = availableParallelism(),
): Promise<Certified> {
  const shares = Array.from(
    { length: Math.min(threads, plans) },
    (_, first): Share => ({ system, seed, plans, first, threads }),
  );
  const parts = await Promise.all(shares.map(runShare));
  const totals = parts.reduce(joined, NO_RUNS);
  const [failed] = totals.failed;
  const certificate = certificateOf(totals, new PlanRunner(await loadSystem(system), seed).targets);
  const { hashes } = totals;
  return { certificate, hashes, ...(failed && { failed }) };
}

async function runShare(share: Share): Promise<Totals> {
  const execArgv = ['--conditions=waybill-source'];
  const thread = new Worker(new URL('./plans-thread.ts', import.meta.url), { workerData: share, execArgv });
  const [totals] = (await once(thread, 'message')) as [Totals];
  await thread.terminate();
  return totals;
}
