import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { type AnyTable, BINDINGS, durationToMilliseconds } from '../../contract/index.ts';
import { toItem } from '../../runtime/expression.ts';
import { ENVIRONMENT, type Environment } from '../../runtime/index.ts';
import { recorder } from '../../runtime/recorder.ts';
import { createRelay } from '../../runtime/relay.ts';
import type { Queue } from '../../testing/engines/index.ts';
import { tableOf } from '../../testing/test-environment.ts';
import { PRODUCER, RELAY, recorderOf } from '../faults/site.ts';
import { TransportFaults } from '../faults/transport-faults.ts';
import { laterOf, runOf, type System, streamOf } from '../system.ts';
import { type FunctionOptions, LambdaFunction, type LambdaHandler } from './lambda-function.ts';
import { ReconcilerSchedule, reconcilerOf, writeCursors } from './reconciler.ts';
import { writeRoutes } from './routes.ts';
import { SendingDeployment } from './sending-deployment.ts';
import { SimulatedSources } from './simulated-sources.ts';
import { Unfinished } from './unfinished.ts';
import { laterIn, type World } from './world.ts';

export const LEDGER = 'waybill-ledger';
/** Of the ledger, when a run begins: few, since reconciliation reads each of them. */
export const SHARDS = 2;
const BUCKET = 'quarantine';
const SECOND = 1_000;

// As `lib/constructs` deploys them.
const RELAY_TIMEOUT = 60 * SECOND;
const RECORDER_TIMEOUT = 30 * SECOND;
const PRODUCER_TIMEOUT = 90 * SECOND;
const BACKSTOP_RECEIVES = 100;
const VISIBILITY_TIMEOUTS = 6;
const DEAD_LETTER_SECONDS = 14 * 24 * 3_600;
const STREAM_SHARDS = 2;
/** Milliseconds in which a deploy reaches every function. */
const DEPLOY_TIME = 20 * SECOND;

/** What a producer is asked for: a step of the workload, or what comes of it later. */
export interface Asked {
  readonly step: number;
  readonly later?: { readonly answer: unknown };
}

/** What a producer answers, and by which invocation. */
export interface Answered {
  readonly answer: unknown;
  readonly request: string;
}

/** A system with the framework around it, on engines in memory: what `lib/constructs` would deploy for it. */
export class Deployment {
  readonly producer: LambdaFunction;
  readonly #schedule: ReconcilerSchedule;
  readonly #unfinished: Unfinished;
  readonly #sending: SendingDeployment;
  readonly #world: World;
  readonly #system: System;
  readonly #queues = new Map<string, Queue>();
  readonly #sources: SimulatedSources;
  readonly #functions: LambdaFunction[] = [];

  constructor(world: World, system: System) {
    this.#world = world;
    this.#system = system;
    this.#unfinished = new Unfinished(system, LEDGER);
    this.#sources = new SimulatedSources(world);
    const { dynamodb, kinesis, s3 } = world.engines;
    dynamodb.createTable({
      name: LEDGER,
      partitionKey: { name: 'pk', type: 'S' },
      sortKey: { name: 'sk', type: 'S' },
    });
    s3.createBucket(BUCKET);
    for (const name of Object.keys(system.streams ?? {})) kinesis.createStream({ name, shards: STREAM_SHARDS });
    for (const { table, rows } of system.tables ?? []) this.#fill(table, rows);
    this.#sending = new SendingDeployment(world, system);
    for (const queue of this.#sending.queues) this.#queues.set(queue.name, queue);
    for (const { name } of system.subscribers) this.#addSubscriber(name);
    writeRoutes(world, system, LEDGER, (name) => this.#queues.get(name)?.url ?? '');
    this.#addRelay();
    writeCursors(world, LEDGER);
    this.producer = this.#add({
      name: PRODUCER,
      timeout: PRODUCER_TIMEOUT,
      variables: { ...this.#ledgerVariables(), [BINDINGS.producer]: PRODUCER },
      load: () => async (event, context) => {
        const { step, later } = event as Asked;
        const asked = system.workload[step];
        const request = context.awsRequestId;
        if (!asked) return { answer: undefined, request } satisfies Answered;
        const { [ENVIRONMENT]: environment } = context as unknown as { readonly [ENVIRONMENT]: Environment };
        const answer = later
          ? await laterOf(asked)?.run({ environment, answer: later.answer })
          : await runOf(asked)({ environment });
        return { answer, request } satisfies Answered;
      },
    });
    const reconciler = reconcilerOf(world, this.#ledgerVariables());
    this.#functions.push(reconciler);
    this.#schedule = new ReconcilerSchedule(world, system, reconciler, this.#unfinished, LEDGER);
    this.#sending.deploy({
      variables: this.#ledgerVariables(),
      add: (options) => this.#add(options),
      receive: (consumer, queue) => this.#sources.addQueue(consumer, queue).start(),
    });
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

  #add(options: FunctionOptions): LambdaFunction {
    const added = new LambdaFunction(this.#world, options);
    this.#functions.push(added);
    return added;
  }

  /** A deploy reaches one function after the other. */
  #deployShards(shards: number): void {
    this.#world.shards = Math.max(this.#world.shards, shards);
    for (const one of this.#functions) {
      laterIn(this.#world, this.#world.draw(`deploy of ${one.name}`, DEPLOY_TIME), () => one.deployShards(shards));
    }
  }

  #addSubscriber(name: string): void {
    const { sqs } = this.#world.engines;
    const timeout = durationToMilliseconds(this.#system.timeout ?? '10s');
    const deadLetters = sqs.createQueue({ name: `${name}-dead`, retentionSeconds: DEAD_LETTER_SECONDS });
    const backstop = sqs.createQueue({
      name: `${name}-backstop`,
      visibilityTimeout: (VISIBILITY_TIMEOUTS * RECORDER_TIMEOUT) / SECOND,
      retentionSeconds: DEAD_LETTER_SECONDS,
    });
    const queue = sqs.createQueue({
      name,
      visibilityTimeout: (VISIBILITY_TIMEOUTS * timeout) / SECOND,
      deadLetter: { queue: backstop, maxReceiveCount: BACKSTOP_RECEIVES },
    });
    for (const one of [queue, backstop, deadLetters]) this.#queues.set(one.name, one);
    const variables = {
      ...this.#ledgerVariables(),
      [BINDINGS.subscriber]: name,
      [BINDINGS.queueUrl]: queue.url,
      [BINDINGS.deadLetterQueueUrl]: deadLetters.url,
      [BINDINGS.quarantineBucket]: BUCKET,
    };
    const handler = this.#system.handlers[name] as LambdaHandler;
    const previous = this.#system.previous?.[name] as LambdaHandler | undefined;
    const consumer = this.#add({
      name,
      timeout,
      variables,
      load: () => handler,
      ...(previous && { loadPrevious: () => previous }),
    });
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

  #addRelay(): void {
    const relay = this.#add({
      name: RELAY,
      timeout: RELAY_TIMEOUT,
      variables: this.#ledgerVariables(),
      load: () => createRelay() as LambdaHandler,
    });
    this.#sources.addTable(relay, LEDGER, BUCKET);
  }

  #ledgerVariables(): Environment['variables'] {
    return { [BINDINGS.ledger]: LEDGER, [BINDINGS.shards]: String(SHARDS), ...this.#sending.variables };
  }

  #fill(definition: AnyTable, rows: readonly unknown[]): void {
    const table = this.#world.engines.dynamodb.table(tableOf(this.#world.engines.dynamodb, definition));
    for (const row of rows) {
      const item = toItem(row as object);
      table.write(table.keyOf(item), item);
    }
  }

  /** From now on whatever engines commit is recorded, and may meet with faults. */
  #listen(): void {
    const { engines, record } = this.#world;
    const faults = new TransportFaults(this.#world, {
      queues: this.#queues,
      put: (StreamName, Data, PartitionKey) => {
        engines.kinesis.apply(new PutRecordsCommand({ StreamName, Records: [{ Data, PartitionKey }] }));
      },
      expire: (ahead) => this.#expire(ahead),
    });
    engines.dynamodb.onChange((change) => {
      record.add({ kind: 'row', change });
      this.#unfinished.onChange(change);
      if (change.table === LEDGER) this.#sending.onChange(change);
    });
    engines.sqs.onEvent((event) => {
      record.add({ kind: 'queue', event: { ...event, message: { ...event.message } } });
      faults.onQueueEvent(event);
      this.#sending.onQueueEvent(event);
    });
    engines.kinesis.onRecord((stream, data) => {
      record.add({ kind: 'stream', stream, record: data });
      faults.onRecord(stream, data);
    });
  }

  /** As DynamoDB cleans up, by a clock that is so many milliseconds ahead. */
  #expire(ahead: number): void {
    const ledger = this.#world.engines.dynamodb.table(LEDGER);
    const now = (this.#world.schedule.now() + ahead) / SECOND;
    for (const item of ledger.items()) {
      if (Number(item.ttl?.N ?? Number.NaN) < now) ledger.write(ledger.keyOf(item), undefined, { expired: true });
    }
  }
}
