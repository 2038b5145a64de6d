// Loaded before a run begins: the run time imports these when it first needs them.
import { MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import '../../aws/kinesis-client.ts';
import '../../consume/only-expected.ts';
import '../../aws/s3-client.ts';
import '../../aws/secrets-client.ts';
import '../../ledger/signing-keys.ts';
import '../../aws/scheduler-client.ts';
import '../../saga/sfn-client.ts';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { toItem } from '../../aws/attribute.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import type { AnyTable } from '../../contract/table.ts';
import { FORMAT_VARIABLE } from '../../ledger/rows/format.ts';
import type { RouteProperties } from '../../relay/route-properties.ts';
import type { Change, QueueEvent, SchedulerOptions, StepFunctionsEngine } from '../../testing/engines/index.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { Deployment, type DeploymentOptions } from '../../testing/stack/deployment.ts';
import { sourceId } from '../../testing/stack/function.ts';
import { plainName } from '../../testing/stack/queues.ts';
import { tableOf } from '../../testing/test-environment.ts';
import { CHECK_BACK, CONTROLLER, FORWARDER, RECONCILER, RELAY, SCALER, SCHEDULER, SWEEP } from '../faults/site.ts';
import { TransportFaults } from '../faults/transport-faults.ts';
import { adoptionOf, concernedBy, subscribersOf, successorOf, withFormerEvent } from '../operations/concerned.ts';
import { Deployer, REGISTRAR, type RouteResource, registrarOptions } from '../operations/deployer.ts';
import { formerCode } from '../operations/former-code.ts';
import type { PlannedOperation } from '../operations/operation.ts';
import { type Operated, Operator } from '../operations/operator.ts';
import { operatorOptions } from '../operations/operator-function.ts';
import { isOfSaga, type System } from '../system.ts';
import { decodedRow } from './envelopes.ts';
import { loadController } from './lambda-control.ts';
import { type FunctionOptions, LambdaFunction } from './lambda-function.ts';
import { LEDGER, ledgerRowOf } from './ledger-row.ts';
import { askFor, producerOptions } from './producer.ts';
import { loadReconciler, ReconcilerSchedule, writeCursors } from './reconciler.ts';
import { SagaSchedule } from './saga-schedule.ts';
import { ScalerSchedule } from './scaler-schedule.ts';
import { SimulatedSource } from './simulated-source.ts';
import { statesWire } from './states-wire.ts';
import { SweepSchedule } from './sweep-schedule.ts';
import { Unfinished } from './unfinished.ts';
import { ABANDON_AFTER_MS, laterIn, SHARDS, type World } from './world.ts';

/** Milliseconds in which a deploy reaches every function. */
const DEPLOY_TIME_MS = 20 * SECOND_MS;
/** One run in so many gives each message a schedule of its own; the others sweep. */
const SCHEDULES_IN = 3;
/** In one run in so many, several runs of the reconciler share the ledger's shards. */
const SHARED_OUT_IN = 4;
/** Less than messages live: one that lies for longer is lost. */
const RETENTION = '4d';
/** The functions of the ledger's own stack. */
const LEDGERS: ReadonlySet<string> = new Set([RELAY, FORWARDER, RECONCILER, SWEEP, REGISTRAR]);
/** Nobody may use these functions: their event sources begin with the first message, so that a run need not pay for them. */
const LAZY: readonly string[] = [FORWARDER, CHECK_BACK, RECONCILER];

/** A system with the framework around it, as the constructs deploy it, each function in processes that may die. */
export class SimulatedStack {
  readonly producer: LambdaFunction;
  readonly #world: World;
  readonly #system: System;
  readonly #deployment: Deployment;
  readonly #schedule: ReconcilerSchedule;
  readonly #sweep: SweepSchedule;
  readonly #scaler: ScalerSchedule | undefined;
  readonly #sagas: SagaSchedule | undefined;
  readonly #unfinished: Unfinished;
  readonly #functions = new Map<string, LambdaFunction>();
  readonly #sources: readonly SimulatedSource[];
  /** Event sources that have not begun, by queue. */
  readonly #lazy = new Map<string, SimulatedSource>();
  /** Event sources of subscribers that are deployed later, by name. */
  readonly #later = new Map<string, SimulatedSource[]>();
  readonly #operator: Operator;
  readonly #operations: readonly PlannedOperation[];

  constructor(world: World, system: System, operations: readonly PlannedOperation[] = []) {
    this.#world = world;
    this.#system = system;
    this.#operations = operations;
    this.#unfinished = new Unfinished(system);
    const { schedule, engines } = world;
    const later = subscribersOf('subscriber-added', operations);
    const former = subscribersOf('event-type-added', operations);
    const adopting = [...subscribersOf('subscriber-renamed', operations)].map((name) => successorOf(system, name));
    for (const name of adopting) later.add(name);
    const schedules = world.draw('strategy', SCHEDULES_IN) === 0 && { schedules: faultySchedules(world) };
    const { subscribers, handlers, streams, fifo, checkBack, timeout, previous = {}, breakers, scales, sagas } = system;
    // As in a large ledger, whose reconciliation has several runs.
    const shardsARun = world.draw('shared out', SHARED_OUT_IN) === 0 ? 1 : undefined;
    const options: DeploymentOptions = {
      ledger: LEDGER,
      shards: SHARDS,
      retention: RETENTION,
      ...(shardsARun && { shardsARun }),
      subscribers: subscribers.filter(({ name }) => !isOfSaga(system, name)),
      handlers,
      ...(streams && { streams }),
      ...(fifo && { fifo }),
      ...(checkBack && { checkBack }),
      ...(timeout !== undefined && { timeout }),
      ...schedules,
      ...(breakers && { breakers }),
      ...(scales && { scales }),
      ...(system.signing && { signing: system.signing }),
      ...(sagas && {
        sagas,
        wireOfStates: statesWire(world),
        random: seededRandom(world.draw('random of states', 2 ** 31)),
      }),
      later: new Set([...later, ...former]),
    };
    const invoke = (name: string, event: object) => this.#function(name).invoke(event);
    const after = (milliseconds: number, run: () => void) => schedule.after(milliseconds, run);
    this.#deployment = new Deployment(engines, schedule.now, after, options, invoke);
    const { lambda, stepFunctions } = this.#deployment;
    if (lambda) world.lambda = lambda;
    if (stepFunctions) world.stepFunctions = stepFunctions;
    const { functions, scheduler, variables } = this.#deployment;
    if (scheduler) world.scheduler = scheduler;
    for (const { table, rows } of system.tables ?? []) this.#fill(table, rows);
    writeCursors(world, shardsARun === undefined ? 1 : SHARDS / shardsARun, adopting);
    for (const one of functions.values()) {
      const before = previous[one.name];
      this.#add({
        ...one,
        ...(before && { loadPrevious: () => before }),
        ...(one.name === CONTROLLER && lambda && { load: loadController(world, lambda) }),
        ...(one.name === RECONCILER && {
          load: loadReconciler(world, shardsARun),
          variables: { ...one.variables, [BINDINGS.abandonAfter]: String(ABANDON_AFTER_MS / SECOND_MS) },
        }),
      });
    }
    for (const name of former) this.#functions.get(name)?.deployCode(() => formerCode(name));
    this.producer = this.#add(producerOptions(system, variables));
    this.#sources = this.#makeSources(later);
    const operator = this.#add(operatorOptions(variables, this.#deployment.queues.control.url));
    this.#operator = this.#makeOperator(operator);
    this.#schedule = new ReconcilerSchedule(world, system, this.#function(RECONCILER), this.#unfinished);
    this.#sweep = new SweepSchedule(world, this.#function(SWEEP));
    const { all } = this.#deployment.queues;
    this.#scaler = scales && new ScalerSchedule(world, this.#function(SCALER), { scale: scales }, all);
    this.#sagas = stepFunctions && this.#makeSagas(stepFunctions);
    world.deploy = (shards) => this.#deployShards(shards);
    this.#listen();
  }

  /** The last moment for which a message waits or has waited; 0 where none does. */
  get lastMoment(): number {
    return this.#unfinished.lastMoment;
  }

  start(): void {
    for (const source of this.#sources) source.start();
    this.#schedule.start();
    this.#scaler?.start();
    this.#sagas?.start();
    this.#operator.schedule(this.#operations);
  }

  #makeOperator(operator: LambdaFunction): Operator {
    const { routes, variables, ledger, queues } = this.#deployment;
    const answers = new Map<string, 'SUCCESS' | 'FAILED'>();
    const registrar = this.#add(registrarOptions(variables, (request, status) => answers.set(request, status)));
    const operated: Operated = {
      command: (command) => operator.invoke(command),
      mappingsOf: (name) =>
        (this.#deployment.functions.get(name)?.sources ?? []).map((_, index) => sourceId(name, index)),
      routesOf: (name) =>
        ({ ...(routes.get(name) as RouteProperties), ...adoptionOf(this.#system, name) }) as RouteResource,
      successorOf: (name) => successorOf(this.#system, name),
      addedTo: (name) => withFormerEvent(routes.get(name) as RouteProperties),
      deployCode: (name) => this.#function(name).deployCode(),
      queueOf: (name) => queues.all.get(name),
      committed: () => ledger.items().flatMap((row) => (ledgerRowOf(row).kind === 'outbox' && decodedRow(row)) || []),
      startSources: (name) => {
        for (const source of this.#later.get(name) ?? []) source.start();
        this.#later.delete(name);
      },
      deployShards: (stack, shards) => this.#deployShards(shards, (name) => LEDGERS.has(name) === (stack === 'ledger')),
      ask: (step) => askFor(this.#system, this.#world, this.producer, step),
      concernedBy: ({ function: name, on }) => concernedBy(this.#system, name, on),
      doubleReconciler: (apart) => this.#schedule.double(apart),
    };
    return new Operator(this.#world, operated, new Deployer(this.#world, registrar, answers));
  }

  #makeSagas(stepFunctions: StepFunctionsEngine): SagaSchedule {
    const { ledger } = this.#deployment;
    return new SagaSchedule(this.#world, {
      sagas: this.#system.sagas ?? [],
      stepFunctions,
      functionOf: (name) => this.#function(name),
      decide: (command) => this.#operator.command(command),
      read: (key) => ledger.get(key),
    });
  }

  #fill(definition: AnyTable, rows: readonly unknown[]): void {
    const { dynamodb } = this.#world.engines;
    const table = dynamodb.table(tableOf(dynamodb, definition));
    for (const row of rows) {
      const item = toItem(row as object);
      table.write(table.keyOf(item), item);
    }
  }

  #add(options: FunctionOptions): LambdaFunction {
    const { formerFormat, maxShards } = this.#system;
    const added = new LambdaFunction(this.#world, {
      ...options,
      variables: {
        ...options.variables,
        ...(formerFormat !== undefined && { [BINDINGS.formats]: 'ledger' }),
        ...(maxShards !== undefined && { [BINDINGS.maxShards]: String(maxShards) }),
      },
      ...(formerFormat !== undefined && { previousVariables: { [FORMAT_VARIABLE]: String(formerFormat) } }),
    });
    this.#functions.set(options.name, added);
    return added;
  }

  #function(name: string): LambdaFunction {
    return this.#functions.get(name) as LambdaFunction;
  }

  /** Answers with those that run from the beginning. */
  #makeSources(later: ReadonlySet<string>): SimulatedSource[] {
    return [...this.#deployment.functions.values()].flatMap(({ name, sources }) => {
      const made = sources.map(
        (source, index) => new SimulatedSource(this.#world, this.#function(name), source, sourceId(name, index)),
      );
      if (later.has(name)) {
        this.#later.set(name, made);
        return [];
      }
      if (!LAZY.includes(name)) return made;
      for (const source of made) this.#lazy.set(name, source);
      return [];
    });
  }

  /** A deploy reaches one function after the other. */
  #deployShards(shards: number, isOf: (name: string) => boolean = () => true): void {
    for (const [name, one] of this.#functions) {
      if (!isOf(name)) continue;
      laterIn(this.#world, this.#world.draw(`deploy of ${name}`, DEPLOY_TIME_MS), () => one.deployShards(shards));
    }
  }

  /** From now on whatever engines commit is recorded, and may meet with faults. */
  #listen(): void {
    const { engines, record } = this.#world;
    const faults = new TransportFaults(this.#world, {
      queues: this.#deployment.queues.all,
      put: (StreamName, Data, PartitionKey) => {
        engines.kinesis.apply(new PutRecordsCommand({ StreamName, Records: [{ Data, PartitionKey }] }));
      },
      expire: (ahead) => this.#expire(ahead),
    });
    for (const after of this.#deployment.ledger.items()) {
      const key = this.#deployment.ledger.keyOf(after);
      this.#onChange({ table: LEDGER, sequence: 0, at: this.#world.schedule.now(), key, before: undefined, after });
    }
    engines.dynamodb.onEvent((change) => this.#onChange(change));
    engines.sqs.onEvent(({ queue, to, ...of }) => {
      const event = { ...of, queue: plainName(queue), ...(to !== undefined && { to: plainName(to) }) };
      record.add({ kind: 'queue', event: { ...event, message: { ...event.message } } });
      faults.onQueueEvent(event);
      this.#startLazy(event);
    });
    engines.kinesis.onEvent((stream, data) => {
      record.add({ kind: 'stream', stream, record: data });
      faults.onRecord(stream, data);
    });
  }

  #onChange(change: Change): void {
    const row = change.table === LEDGER ? ledgerRowOf(change.key) : undefined;
    this.#world.record.add({ kind: 'row', change, ...(row && { row }) });
    if (!row) return;
    this.#unfinished.onChange(row, change);
    this.#sweep.onChange(row, change);
    this.#scaler?.onChange(row, change);
    this.#sagas?.onChange(row, change);
  }

  #startLazy({ kind, queue }: QueueEvent): void {
    const source = kind === 'sent' ? this.#lazy.get(queue) : undefined;
    if (!source) return;
    this.#lazy.delete(queue);
    this.#world.schedule.after(0, () => source.start());
  }

  /** As DynamoDB cleans up, by a clock that is so many milliseconds ahead. */
  #expire(ahead: number): void {
    const { ledger } = this.#deployment;
    const now = (this.#world.schedule.now() + ahead) / SECOND_MS;
    for (const item of ledger.items()) {
      if (Number(item.ttl?.N ?? Number.NaN) < now) ledger.write(ledger.keyOf(item), undefined, { expired: true });
    }
  }
}

/** EventBridge Scheduler is up to a minute late, and may be later, or fire twice. */
function faultySchedules({ faults, draw }: World): Partial<SchedulerOptions> {
  return {
    lateness: (firing) => {
      const fault = faults.reach(`${SCHEDULER}.schedule`);
      return draw(`lateness of ${firing.schedule}`, MINUTE_MS) + (fault?.kind === 'schedule-late' ? fault.by : 0);
    },
    invocations: () => (faults.reach(`${SCHEDULER}.fire`)?.kind === 'schedule-twice' ? 2 : 1),
  };
}
