/**
 * Certifies the example shop: `npm run --silent certify -- --plans N [--of NAME] [--seed S] [--json] [--replay FILE]`.
 * `payments` is a business whose handlers and producers pay at services outside, whose requests go astray, too; `accounts` has
 * subscribers that handle the messages of a key in their order; `trips` runs sagas; the other names are those of the folders of `examples/`.
 *
 * Exits with 1 where a plan fails, or the plans did not show enough; the shortest failing plan is written to a file that
 * `--replay` takes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { type Certificate, certificateOf, describeFailure } from '../lib/simulator/certificate.ts';
import { type Plan, parsePlan } from '../lib/simulator/plan/plan.ts';
import { type FailedPlan, PlanRunner } from '../lib/simulator/plan/plan-runner.ts';
import { simulate } from '../lib/simulator/run/simulation.ts';
import { totalsOf } from '../lib/simulator/totals.ts';
import { certifySystem } from './certify/certify-system.ts';
import { loadSystem, SYSTEM_NAMES, type SystemName } from './certify/systems.ts';

const FAILED_PLAN = '.waybill/failed-plan.json';

class UsageError extends Error {}

try {
  const { of, plans, seed, json, replay } = options();
  process.exitCode =
    replay === undefined ? await certifyPlans(of, plans, seed, json) : await replayPlan(of, replay, json);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

async function certifyPlans(of: SystemName, plans: number, seed: number, json: boolean): Promise<number> {
  const started = performance.now();
  const { certificate, failed } = await certifySystem(of, plans, seed);
  const seconds = (performance.now() - started) / 1000;
  print(certificate, json);
  if (!json) process.stdout.write(`${(certificate.plans / seconds).toFixed(0)} plans a second\n`);
  if (failed) return tellFailed(of, failed);
  return tellUnreached(certificate);
}

async function replayPlan(of: SystemName, file: string, json: boolean): Promise<number> {
  const plan = readPlan(file);
  const system = await loadSystem(of);
  const report = await simulate(system, plan);
  const { targets } = new PlanRunner(system, 1);
  print(certificateOf(totalsOf(0, report), targets), json);
  process.stderr.write(`${report.trace.join('\n')}\n`);
  if (report.violations.length === 0) return 0;
  process.stderr.write(`${describeFailure({ plan, ...report }, system.workload)}\n`);
  return 1;
}

function print(certificate: Certificate, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(certificate)}\n`);
    return;
  }
  const { plans, messages, faults, operations, lost, doubled, uncaused, reordered, hash } = certificate;
  const fired = Object.entries({ ...faults, ...operations }).map(
    ([kind, times]) => `  ${String(times).padStart(6)} ${kind}`,
  );
  const lines = [
    `${plans} plans, ${messages} messages: ${lost} lost, ${doubled} doubled, ${uncaused} uncaused, ${reordered} out of order`,
    chargesOf(certificate),
    ...sagasOf(certificate),
    ...fired,
    `hash ${hash}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function chargesOf({ charges, chargedTwice }: Certificate): string {
  if (charges === 0)
    return 'no service outside did anything: whether one does it twice is not shown (`--of payments` shows it)';
  return `${charges} charges by services outside: ${chargedTwice} charged twice`;
}

function sagasOf({ sagas, steps, compensated, stuck, leftBehind }: Certificate): string[] {
  if (sagas === 0) return [];
  return [
    `${sagas} sagas, ${steps} steps: ${compensated} compensated, ${stuck} times stuck, ${leftBehind} left behind`,
  ];
}

async function tellFailed(of: SystemName, failed: FailedPlan): Promise<number> {
  const { workload } = await loadSystem(of);
  mkdirSync(dirname(FAILED_PLAN), { recursive: true });
  writeFileSync(FAILED_PLAN, `${JSON.stringify(failed.plan, undefined, 2)}\n`);
  process.stderr.write(
    `${describeFailure(failed, workload)}\nReplay it: npm run --silent certify -- --of ${of} --replay ${FAILED_PLAN}\n`,
  );
  return 1;
}

function tellUnreached({ unreached, plans }: Certificate): number {
  if (unreached.length === 0) return 0;
  process.stderr.write(`${plans} plans did not show what comes of ${unreached.join(', ')}: run more\n`);
  return 1;
}

function readPlan(file: string): Plan {
  try {
    return parsePlan(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file} is no plan: ${(error as Error).message}`);
  }
}

function options() {
  const { values } = parse();
  const of = SYSTEM_NAMES.find((name) => name === values.of);
  if (!of) throw new UsageError(`--of is '${values.of}': give one of ${SYSTEM_NAMES.join(', ')}`);
  return {
    of,
    plans: wholeNumber('--plans', values.plans, 1),
    seed: wholeNumber('--seed', values.seed, 0),
    json: values.json,
    replay: values.replay,
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        of: { type: 'string', default: 'shop' },
        plans: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        replay: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
  throw new UsageError(`${option} is '${text}': give a whole number from ${least}`);
}
