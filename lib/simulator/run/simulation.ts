import { hash } from 'node:crypto';
import { durationToMilliseconds } from '../../contract/index.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { enginesOn } from '../../testing/test-environment.ts';
import { checkReconciliation } from '../checks/check-reconciliation.ts';
import { checkRun } from '../checks/checker.ts';
import { evidenceOf } from '../checks/evidence.ts';
import { sendingEvidenceOf } from '../checks/sending-evidence.ts';
import { sendingTraitsIn } from '../checks/sending-traits.ts';
import { standingOf } from '../checks/standing.ts';
import { toldBy } from '../checks/told.ts';
import { versionsIn } from '../checks/versions.ts';
import type { Violation } from '../checks/violation.ts';
import { FaultPlan } from '../faults/fault-plan.ts';
import { PRODUCER, STEPS } from '../faults/site.ts';
import type { Plan } from '../plan/plan.ts';
import { laterOf, type System } from '../system.ts';
import { type Answered, type Asked, Deployment, LEDGER, SHARDS } from './deployment.ts';
import { RunRecord } from './run-record.ts';
import { Schedule } from './schedule.ts';
import type { World } from './world.ts';

/** What one simulated run showed. */
export interface RunReport {
  /** What did not hold. */
  readonly violations: readonly Violation[];
  /** Messages that were committed. */
  readonly messages: number;
  /** Ends of messages that are not in the ledger, by the record of its rows. */
  readonly uncaused: number;
  /** How often each kind of fault has happened, and each trait was met. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often each outcome was reached, by metric. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The same for the same plan. */
  readonly hash: string;
  /** A line for each thing that happened. */
  readonly trace: readonly string[];
}

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
/** How long, after the last step of the workload, faults go on. */
const FAULTY_TIME = 3 * MINUTE;
/** What would need more events in one phase of a run goes round in circles. */
const MOST_EVENTS = 40_000;

/** Nothing that a fault leads to comes later than this. */
const LONGEST = 60 * 24 * 60 * MINUTE;

/**
 * Runs a system once on virtual time. First with the faults of the plan; then nothing fails any more, and everything must
 * be delivered within the bound.
 *
 * @throws UnsupportedByEngine when a handler asks of AWS what the engines in memory do not do
 */
export async function simulate(system: System, plan: Plan): Promise<RunReport> {
  const world = worldOf(plan);
  const { schedule, record, faults } = world;
  const deployment = new Deployment(world, system);
  let lastStep = 0;
  for (const { step, at } of plan.workload) {
    const asked = system.workload[step];
    const later = asked && laterOf(asked);
    const after = later ? at + durationToMilliseconds(later.after) : at;
    lastStep = Math.max(lastStep, after);
    let answer: unknown;
    const hear = (given: unknown) => {
      answer = given;
    };
    schedule.after(at, () => ask(system, deployment, world, { step }, hear));
    if (!later) continue;
    schedule.after(after, () => {
      if (answer !== undefined) ask(system, deployment, world, { step, later: { answer } }, hear);
    });
  }
  deployment.start();
  const isOver = () =>
    schedule.now() >= Math.max(START + lastStep, deployment.lastMoment) + FAULTY_TIME &&
    world.pending === 0 &&
    !faults.lasts;
  await schedule.run(START + LONGEST, MOST_EVENTS, isOver);
  record.note('nothing fails any more');
  faults.heal();
  const bound = durationToMilliseconds(system.bound ?? '30m');
  const stop = await schedule.run(schedule.now() + bound, MOST_EVENTS);
  if (world.unsupported) throw world.unsupported;

  const evidence = evidenceOf(record, LEDGER);
  const sending = sendingEvidenceOf(record, LEDGER);
  const violations = checkRun(system, world, { evidence, sending, ledger: LEDGER, isIdle: stop === 'idle' });
  const { uncaused } = standingOf(system, record, LEDGER);
  const misnamed = violations.length === 0 ? await checkReconciliation(system, world, LEDGER) : [];
  return {
    violations: [...violations, ...misnamed],
    messages: evidence.committed.size,
    uncaused: uncaused.length,
    faults: { ...faults.fired, ...versionsIn(system, record), ...sendingTraitsIn(record, evidence, sending) },
    outcomes: world.outcomes,
    hash: record.hash(),
    trace: record.trace,
  };
}

function worldOf({ seed, faults }: Plan): World {
  const random = seededRandom(seed);
  const chance = () => {
    const [high = 0, low = 0] = random(2);
    return (high * 256 + low) / 65_536;
  };
  const schedule = new Schedule({ now: START, chance });
  const record = new RunRecord(schedule.now);
  return {
    schedule,
    record,
    engines: enginesOn(schedule),
    faults: new FaultPlan(faults, (site, nth, fault) => record.note(`FAULT ${site} ${nth} ${JSON.stringify(fault)}`)),
    draw: (name, below) => Number.parseInt(hash('md5', `${seed} ${name}`).slice(0, 8), 16) % below,
    outcomes: {},
    pending: 0,
    disabled: new Map(),
    horizons: new Map(),
    deploy: () => undefined,
    shards: SHARDS,
  };
}

/** Producers are asked for a step: once, or by everybody at once. */
function ask(system: System, deployment: Deployment, world: World, what: Asked, hear: (answer: unknown) => void): void {
  const { faults, record } = world;
  const fault = faults.reach(`${PRODUCER}.${STEPS.ask}`);
  const asked = system.workload[what.step];
  if (typeof asked === 'object' && asked.trait) faults.meet(asked.trait);
  for (let left = fault?.kind === 'burst' ? fault.times : 1; left > 0; left--) produce(deployment, record, what, hear);
}

/** A producer runs a step; what it is told of is recorded, so that nothing of it may be missing. */
function produce({ producer }: Deployment, record: RunRecord, asked: Asked, hear: (answer: unknown) => void): void {
  producer.invoke(asked).then(
    (answered) => {
      const { answer, request } = answered as Answered;
      const invocation = Number(request.slice(request.lastIndexOf('-') + 1));
      hear(answer);
      record.add({ kind: 'acknowledged', invocation, ...toldBy(answer) });
    },
    () => undefined,
  );
}
