import { hash } from 'node:crypto';
import { durationToMilliseconds } from '../../contract/duration.ts';
import { retryHorizon } from '../../contract/retry.ts';
import { type SagaDefinition, stepsIn, waitsIn } from '../../contract/saga-shape.ts';
import { MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { ServiceBooks } from '../../testing/service.ts';
import { enginesOn } from '../../testing/test-environment.ts';
import { checkLatency, latenciesOf, sickIn } from '../checks/check-latency.ts';
import { checkRun } from '../checks/check-run.ts';
import { citedMessages } from '../checks/cited-messages.ts';
import { Evidence } from '../checks/evidence.ts';
import { ledgerStateOf } from '../checks/ledger-state.ts';
import { leniencyOf, SICKNESSES } from '../checks/leniency.ts';
import { countSagas, type SagaCounts, sagaRunsOf } from '../checks/saga-runs.ts';
import { traitsMet } from '../checks/traits-met.ts';
import type { Violation } from '../checks/violation.ts';
import { FaultPlan } from '../faults/fault-plan.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Plan } from '../plan/plan.ts';
import { type System, withSagaSubscribers, withSuccessors } from '../system.ts';
import { scheduleWorkload } from './producer.ts';
import { reconcileDelivered } from './reconciliation.ts';
import { RunRecord } from './run-record.ts';
import type { RunState } from './run-state.ts';
import { Schedule } from './schedule.ts';
import { SimulatedStack } from './simulated-stack.ts';
import { watchingUnawaited } from './unawaited.ts';
import type { World } from './world.ts';

/** What one simulated run showed. */
export interface RunReport {
  /** What did not hold. */
  readonly violations: readonly Violation[];
  /** What the messages are that the violations name, a line for each. */
  readonly cited: readonly string[];
  /** Messages that were committed. */
  readonly messages: number;
  /** Ends of messages that are not in the ledger, by the record of its rows. */
  readonly uncaused: number;
  /** How often services outside have done what they were asked for, by their own books. */
  readonly charges: number;
  /** What became of sagas. */
  readonly sagas: SagaCounts;
  /** How often each kind of fault has happened, and each trait was met. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often operators have done each kind of thing. */
  readonly operations: Readonly<Partial<Record<OperationKind, number>>>;
  /** How often each outcome was reached, by metric. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The same for the same plan. */
  readonly hash: string;
  /** A line for each thing that happened. */
  readonly trace: readonly string[];
}

const START = Date.UTC(2026, 0, 1);
/** How long, after the last step of the workload, faults go on. */
const FAULTY_MS = 3 * MINUTE_MS;
/** Nothing that a fault leads to comes later than this. */
const LONGEST_MS = 60 * 24 * 60 * MINUTE_MS;
/** What would need more events in one phase of a run goes round in circles. */
const MOST_EVENTS = 200_000;

/**
 * Runs a system once on virtual time. First with the faults of the plan; then nothing fails any more, and everything must
 * be delivered within the bound.
 *
 * @param observe is told of each request that a function sends
 * @throws UnsupportedByEngine when a handler asks of AWS what the engines in memory do not do
 */
export async function simulate(given: System, plan: Plan, observe?: World['observe']): Promise<RunReport> {
  const renamed = (plan.operations ?? []).flatMap((one) => (one.kind === 'subscriber-renamed' ? [one.subscriber] : []));
  const system = withSuccessors(withSagaSubscribers(given), renamed);
  const { result: ran, rejections } = await watchingUnawaited(() => run(system, plan, observe));
  const report = await judge(system, ran, rejections);
  const { record, faults, operations } = ran.world;
  if (!leniencyOf(faults, operations).sickOnly) return report;
  const { result: healthy } = await watchingUnawaited(() => run(system, withoutSickness(plan), undefined));
  const latencies = (one: RunRecord) => latenciesOf(new Evidence(one));
  const late = checkLatency(system, sickIn(record), latencies(record), latencies(healthy.world.record));
  return { ...report, violations: [...report.violations, ...late] };
}

/** The same plan, of a run in which nobody is sick. */
function withoutSickness(plan: Plan): Plan {
  const { operations = [] } = plan;
  return {
    ...plan,
    faults: plan.faults.filter(({ fault }) => fault.kind !== 'refuses'),
    operations: operations.filter(({ kind }) => !SICKNESSES.has(kind)),
  };
}

/** What a run has left behind, to be judged. */
interface Ran {
  readonly world: World;
  /** Whether nothing was left to do when the bound was over. */
  readonly isIdle: boolean;
}

async function run(system: System, plan: Plan, observe: World['observe']): Promise<Ran> {
  const world = worldOf(plan, observe);
  const { schedule, record, faults } = world;
  const stack = new SimulatedStack(world, system, plan.operations);
  const lastStep = START + scheduleWorkload(system, world, stack.producer, plan.workload);
  stack.start();
  const isOver = () =>
    schedule.now() >= Math.max(lastStep, stack.lastMoment) + FAULTY_MS && world.pending === 0 && !faults.lasts;
  await schedule.run(START + LONGEST_MS, MOST_EVENTS, isOver);
  record.note('nothing fails any more');
  record.add({ kind: 'healed' });
  faults.heal();
  const bound = boundOf(system);
  const isIdle = (await schedule.run(schedule.now() + bound, MOST_EVENTS)) === 'idle';
  if (world.unsupported) throw world.unsupported;
  return { world, isIdle };
}

/** Half an hour, as long as a message that keeps failing waits for its last attempt, and as long as a saga may take. */
function boundOf({ bound, subscribers, sagas = [] }: System): number {
  if (bound !== undefined) return durationToMilliseconds(bound);
  const longest = Math.max(...subscribers.map(({ retry }) => retryHorizon(retry)));
  const sagasLast = Math.max(0, ...sagas.map(longestOf));
  return 30 * MINUTE_MS + longest * SECOND_MS + sagasLast;
}

/** Each step of a saga is told twice, and to undo as often as it takes, an hour each. */
function longestOf({ saga: { stages, unwind } }: SagaDefinition): number {
  const steps = stepsIn(stages);
  const told = [...steps, ...waitsIn(stages)].reduce((sum, { within }) => sum + 2 * (within + MINUTE_MS), 0);
  return told + steps.length * (unwind.tries + 1) * (60 * MINUTE_MS + unwind.longestSeconds * SECOND_MS);
}

async function judge(system: System, { world, isIdle }: Ran, rejections: readonly string[]): Promise<RunReport> {
  const { record, faults, engines, outcomes, operations } = world;
  const evidence = new Evidence(record);
  const rows = (({ name }) =>
    engines.dynamodb.hasTable(name) ? engines.dynamodb.table(name).rows() : []) as RunState['rows'];
  const done = ((service) => world.books.of(service)) as RunState['done'];
  const checked = {
    record,
    evidence,
    faults,
    operations,
    isIdle,
    rejections,
    rows,
    done,
    sources: world.lambda?.states ?? [],
  };
  const violations = checkRun(system, checked);
  const { uncaused } = ledgerStateOf(system, record);
  const sagas = sagaRunsOf(system, evidence, record.entries);
  const misnamed = violations.length === 0 ? await reconcileDelivered(system, world) : [];
  const all = [...violations, ...misnamed];
  return {
    violations: all,
    cited: citedMessages(all, record, evidence),
    messages: evidence.committed.size,
    uncaused: uncaused.length,
    sagas: countSagas(sagas),
    charges: (system.services ?? []).reduce((sum, service) => sum + done(service).length, 0),
    faults: { ...faults.fired, ...traitsMet(system, record, evidence, sagas) },
    outcomes,
    operations,
    hash: record.hash(),
    trace: record.trace,
  };
}

function worldOf({ seed, faults }: Plan, observe: World['observe']): World {
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
    books: new ServiceBooks(),
    faults: new FaultPlan(faults, (site, nth, fault) => record.note(`FAULT ${site} ${nth} ${JSON.stringify(fault)}`)),
    draw: (name, below) => Number.parseInt(hash('md5', `${seed} ${name}`).slice(0, 8), 16) % below,
    outcomes: {},
    pending: 0,
    disabled: new Map(),
    horizons: new Map(),
    refusing: new Set(),
    failing: new Set(),
    forbidden: new Set(),
    killing: new Map(),
    gone: new Set(),
    operations: {},
    deploy: () => undefined,
    ...(observe && { observe }),
  };
}
