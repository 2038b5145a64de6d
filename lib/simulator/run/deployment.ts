import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { Environment } from '../../aws/environment.ts';
import { toItem } from '../../aws/expression.ts';
import { recorder } from '../../consume/recorder.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import { durationToMilliseconds } from '../../contract/duration.ts';
import type { AnyTable } from '../../contract/table.ts';
import { createForwarder } from '../../relay/forwarder.ts';
import { createRelay } from '../../relay/relay.ts';
import { createSweep } from '../../relay/sweeper.ts';
import type { Change, Queue, QueueEvent } from '../../testing/engines/index.ts';
import { tableOf } from '../../testing/test-environment.ts';
import { CHECK_BACK, FORWARDER, RELAY, recorderOf, SWEEP } from '../faults/site.ts';
import { TransportFaults } from '../faults/transport-faults.ts';
import { type System, streamOf } from '../system.ts';
import { type FunctionOptions, LambdaFunction, type LambdaHandler } from './lambda-function.ts';
import { LEDGER, ledgerRowOf } from './ledger-row.ts';
import { messageSchedules, SCHEDULE_GROUP } from './message-schedules.ts';
import { producerOptions } from './producer.ts';
import { Queues } from './queues.ts';
import { ReconcilerSchedule, reconcilerOf, writeCursors } from './reconciler.ts';
import { writeRoutes } from './routes.ts';
import { SimulatedSources } from './simulated-sources.ts';
import { SweepSchedule } from './sweep-schedule.ts';
import { Unfinished } from './unfinished.ts';
import { laterIn, SHARDS, type World } from './world.ts';

const BUCKET = 'quarantine';
const SECOND_MS = 1_000;

// As `lib/constructs` deploys them.
const RELAY_TIMEOUT = 60 * SECOND_MS;
const SWEEP_TIMEOUT = 60 * SECOND_MS;
const RECORDER_TIMEOUT = 30 * SECOND_MS;
const FORWARDER_WORK = { timeout: 30 * SECOND_MS, receives: 100 };
const CHECK_BACK_WORK = { timeout: 10 * SECOND_MS, receives: 1_000 };
const BACKSTOP_RECEIVES = 100;
const STREAM_SHARDS = 2;
/** Milliseconds in which a deploy reaches every function. */
const DEPLOY_TIME = 20 * SECOND_MS;
/** One run in so many gives each message a schedule of its own; the others sweep. */
const SCHEDULES_IN = 3;

/**
 * A system with the framework around it, on engines in memory: what `lib/constructs` would deploy for it. What nobody uses
 * costs a run nothing: event sources of forwarder and check-back begin with the first message of their queues.
 */
export class Deployment {
  readonly producer: LambdaFunction;
  readonly #schedule: ReconcilerSchedule;
  readonly #unfinished: Unfinished;
  readonly #world: World;
  readonly #system: System;
  readonly #queues: Queues;
  readonly #sources: SimulatedSources;
  readonly #functions: LambdaFunction[] = [];
  readonly #variables: Environment['variables'];
  /** Starts the event source of a queue that nothing has come to yet, by queue. */
  readonly #unstarted = new Map<string, () => void>();
  readonly #sweep: SweepSchedule | undefined;

  constructor(world: World, system: System) {
    this.#world = world;
    this.#system = system;
    this.#unfinished = new Unfinished(system);
    this.#sources = new SimulatedSources(world);
    this.#queues = new Queues(world.engines.sqs);
    this.#createStores();
    const forwardQueue = this.#queues.addWork(FORWARDER, FORWARDER_WORK);
    const checkBackQueue = this.#queues.addWork(CHECK_BACK, CHECK_BACK_WORK);
    const isScheduled = world.draw('strategy', SCHEDULES_IN) === 0;
    if (isScheduled) world.scheduler = messageSchedules(world);
    this.#variables = variablesOf(forwardQueue, checkBackQueue, isScheduled);
    const variables = this.#variables;

    for (const { name } of system.subscribers) this.#addSubscriber(name);
    writeRoutes(world, system, (name) => this.#queues.byName.get(name)?.url ?? '');
    const relay = this.#add({ name: RELAY, timeout: RELAY_TIMEOUT, variables, load: loading(createRelay) });
    this.#sources.addTable(relay, LEDGER, BUCKET);
    writeCursors(world);
    this.producer = this.#add(producerOptions(system, variables));
    const reconciler = reconcilerOf(world, variables);
    this.#functions.push(reconciler);
    this.#schedule = new ReconcilerSchedule(world, system, reconciler, this.#unfinished);
    this.#addWorker(forwardQueue, FORWARDER_WORK.timeout, loading(createForwarder));
    const { checkBack } = system;
    if (checkBack) this.#addWorker(checkBackQueue, CHECK_BACK_WORK.timeout, () => checkBack as LambdaHandler);
    if (!isScheduled) {
      const sweep = this.#add({ name: SWEEP, timeout: SWEEP_TIMEOUT, variables, load: loading(createSweep) });
      this.#sweep = new SweepSchedule(world, sweep);
    }
    world.deploy = (shards) => this.#deployShards(shards);
    this.#listen();
  }

  /** The last moment for which a message waits or has waited; 0 where none does. */
  get lastMoment(): number {
    return this.#unfinished.lastMoment;
  }

  start(): void {
    this.#sources.start();
    this.#schedule.start();
  }

  #createStores(): void {
    const { dynamodb, kinesis, s3 } = this.#world.engines;
    dynamodb.createTable({
      name: LEDGER,
      partitionKey: { name: 'pk', type: 'S' },
      sortKey: { name: 'sk', type: 'S' },
    });
    s3.createBucket(BUCKET);
    for (const name of Object.keys(this.#system.streams ?? {})) kinesis.createStream({ name, shards: STREAM_SHARDS });
    for (const { table, rows } of this.#system.tables ?? []) this.#fill(table, rows);
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
    const added = new LambdaFunction(this.#world, options);
    this.#functions.push(added);
    return added;
  }

  #addSubscriber(name: string): void {
    const timeout = durationToMilliseconds(this.#system.timeout ?? '10s');
    const work = { timeout, receives: BACKSTOP_RECEIVES };
    const { queue, backstop, deadLetters } = this.#queues.addSubscriber(name, work, RECORDER_TIMEOUT);
    const variables = {
      ...this.#variables,
      [BINDINGS.subscriber]: name,
      [BINDINGS.queueUrl]: queue.url,
      [BINDINGS.deadLetterQueueUrl]: deadLetters.url,
      [BINDINGS.quarantineBucket]: BUCKET,
    };
    const handler = this.#system.handlers[name] as LambdaHandler;
    const previous = this.#system.previous?.[name] as LambdaHandler | undefined;
    const load = () => handler;
    const consumer = this.#add({ name, timeout, variables, load, ...(previous && { loadPrevious: () => previous }) });
    this.#sources.addQueue(consumer, queue);
    const stream = streamOf(this.#system, name);
    if (stream !== undefined) this.#sources.addStream(consumer, stream, BUCKET);
    const ender = this.#add({
      name: recorderOf(name),
      timeout: RECORDER_TIMEOUT,
      variables,
      load: () => (event, context) => recorder(event as never, context),
    });
    this.#sources.addQueue(ender, backstop);
  }

  /** A function that reads a queue of its own name. */
  #addWorker(queue: Queue, timeout: number, load: () => LambdaHandler): void {
    const worker = this.#add({ name: queue.name, timeout, variables: this.#variables, load });
    this.#unstarted.set(queue.name, () => this.#sources.addQueue(worker, queue).start());
  }

  /** A deploy reaches one function after the other. */
  #deployShards(shards: number): void {
    this.#world.shards = Math.max(this.#world.shards, shards);
    for (const one of this.#functions) {
      laterIn(this.#world, this.#world.draw(`deploy of ${one.name}`, DEPLOY_TIME), () => one.deployShards(shards));
    }
  }

  /** From now on whatever engines commit is recorded, and may meet with faults. */
  #listen(): void {
    const { engines, record } = this.#world;
    const faults = new TransportFaults(this.#world, {
      queues: this.#queues.byName,
      put: (StreamName, Data, PartitionKey) => {
        engines.kinesis.apply(new PutRecordsCommand({ StreamName, Records: [{ Data, PartitionKey }] }));
      },
      expire: (ahead) => this.#expire(ahead),
    });
    engines.dynamodb.onEvent((change) => this.#onChange(change));
    engines.sqs.onEvent((event) => {
      record.add({ kind: 'queue', event: { ...event, message: { ...event.message } } });
      faults.onQueueEvent(event);
      this.#startSource(event);
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
    this.#sweep?.onChange(row, change);
  }

  #startSource({ kind, queue }: QueueEvent): void {
    const start = kind === 'sent' ? this.#unstarted.get(queue) : undefined;
    if (!start) return;
    this.#unstarted.delete(queue);
    this.#world.schedule.after(0, start);
  }

  /** As DynamoDB cleans up, by a clock that is so many milliseconds ahead. */
  #expire(ahead: number): void {
    const ledger = this.#world.engines.dynamodb.table(LEDGER);
    const now = (this.#world.schedule.now() + ahead) / SECOND_MS;
    for (const item of ledger.items()) {
      if (Number(item.ttl?.N ?? Number.NaN) < now) ledger.write(ledger.keyOf(item), undefined, { expired: true });
    }
  }
}

/** The bindings of whoever uses the ledger. */
function variablesOf(forwardQueue: Queue, checkBackQueue: Queue, isScheduled: boolean): Environment['variables'] {
  const { arn } = forwardQueue;
  return {
    [BINDINGS.ledger]: LEDGER,
    [BINDINGS.shards]: String(SHARDS),
    [BINDINGS.forwardQueueUrl]: forwardQueue.url,
    [BINDINGS.checkBackQueueUrl]: checkBackQueue.url,
    ...(isScheduled && {
      [BINDINGS.scheduleGroup]: SCHEDULE_GROUP,
      [BINDINGS.forwardQueueArn]: arn,
      [BINDINGS.scheduleRoleArn]: 'arn:aws:iam::000000000000:role/schedules',
      [BINDINGS.scheduleDeadLetterQueueArn]: arn.replace(FORWARDER, `${FORWARDER}-dead`),
    }),
  };
}

/** Each process has a handler of its own. */
function loading(create: () => unknown): () => LambdaHandler {
  return () => create() as LambdaHandler;
}
