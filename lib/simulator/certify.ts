import { readFileSync } from 'node:fs';
import { WaybillError } from '../contract/errors.ts';
import { type Certificate, certificateOf, describeFailure } from './certificate.ts';
import { type Plan, parsePlan } from './plan/plan.ts';
import { type FailedPlan, PlanRunner } from './plan/plan-runner.ts';
import { simulate } from './run/simulation.ts';
import type { System } from './system.ts';
import { joined, NO_RUNS, totalsOf } from './totals.ts';

/** The system that `certify` runs, and how many plans it survives. */
export interface CertifyOptions extends System {
  /** How many plans are run. @default 1000 */
  readonly plans?: number;
  /** Of all plans: the same seed makes the same plans. @default 1 */
  readonly seed?: number;
  /** Whether kinds of faults that never happened, or outcomes that were never reached, are allowed. @default false */
  readonly allowUnreached?: boolean;
}

/** The environment variable that holds a plan, or names a file with one: then `certify` runs this plan and no other. */
export const PLAN_VARIABLE = 'WAYBILL_PLAN';

/** A system did not survive a plan, or the plans did not show enough. */
export class CertificationFailed extends WaybillError {
  readonly code = 'certification-failed';
  readonly certificate: Certificate | undefined;
  /** The shortest plan that was found to fail. */
  readonly failed: FailedPlan | undefined;

  constructor(message: string, certificate: Certificate | undefined, failed?: FailedPlan) {
    super(message);
    this.certificate = certificate;
    this.failed = failed;
  }
}

/**
 * Certifies that handlers survive faults: runs them, with the framework's own relay, consumer and recorder, on virtual
 * time and engines in memory through thousands of plans of crashes, lost replies, duplicates, throttles, poison and more,
 * and has an independent record judge each run. No AWS account, no network, no waiting.
 *
 * Needs the package `fast-check`. A failing plan is shortened; its message says how to replay it alone.
 *
 * @throws CertificationFailed with the shortest failing plan, or when a kind of fault never happened
 * @throws SimulatorMisused when the system cannot be simulated
 * @throws UnsupportedByEngine when a handler asks of AWS what the engines in memory do not do
 * @example
 * const certificate = await certify({
 *   subscribers: [ReserveStock],
 *   handlers: { 'reserve-stock': handler },
 *   tables: [startingWith(Stock, [{ sku: 'a', quantity: 100, version: 0 }])],
 *   workload: [publishing(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 })],
 *   plans: 1000,
 * });
 */
export async function certify(options: CertifyOptions): Promise<Certificate> {
  const { plans = 1_000, seed = 1, allowUnreached = false, ...system } = options;
  const runner = new PlanRunner(system, seed);
  const given = process.env[PLAN_VARIABLE];
  if (given) return replay(system, runner, planIn(given));
  let totals = NO_RUNS;
  for (let number = 0; number < plans && totals.failed.length === 0; number++) {
    totals = joined(totals, totalsOf(number, await runner.run(number)));
  }
  const certificate = certificateOf(totals, runner.targets);
  const [failed] = totals.failed;
  if (failed) {
    const { number, plan } = failed;
    throw new CertificationFailed(
      [
        describeFailure(failed, system.workload),
        `It was plan ${number + 1} of seed ${seed}, shortened until nothing could be left out.`,
        howToReplay(plan),
      ].join('\n'),
      certificate,
      failed,
    );
  }
  if (certificate.unreached.length > 0 && !allowUnreached) {
    throw new CertificationFailed(
      `${plans} plans did not show what comes of ${certificate.unreached.join(', ')}: run more plans, or give a workload that leads there`,
      certificate,
    );
  }
  return certificate;
}

async function replay(system: System, runner: PlanRunner, plan: Plan): Promise<Certificate> {
  const report = await simulate(system, plan);
  const certificate = certificateOf(totalsOf(0, report), runner.targets);
  if (report.violations.length === 0) return certificate;
  const { violations, cited } = report;
  const failed = { plan, violations, cited };
  throw new CertificationFailed(
    `${describeFailure(failed, system.workload)}\nWhat happened, step by step:\n${report.trace.join('\n')}`,
    certificate,
    failed,
  );
}

function planIn(text: string): Plan {
  return parsePlan(text.trimStart().startsWith('{') ? text : readFileSync(text, 'utf8'));
}

function howToReplay(plan: Plan): string {
  return `Replay it alone, with all that happens printed, by the same command with this before it:\n${PLAN_VARIABLE}='${JSON.stringify(plan)}'`;
}
