import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import {
  type AnyTable,
  BINDINGS,
  durationToMilliseconds,
  eventTypeKey,
  OUTBOX_PREFIX,
  routeKey,
} from '../../contract/index.ts';
import { toItem } from '../../runtime/expression.ts';
import { ENVIRONMENT, type Environment } from '../../runtime/index.ts';
import { createReconciler } from '../../runtime/reconcile/reconciler.ts';
import { recorder } from '../../runtime/recorder.ts';
import { createRelay } from '../../runtime/relay.ts';
import type { RouteRow } from '../../runtime/route-claim.ts';
import { type Queue, tableStreamArn } from '../engines/index.ts';
import type { EventSourceMapping } from '../event-sources/index.ts';
import { tableOf } from '../test-environment.ts';
import { SimulatedSource } from './event-source.ts';
import { LambdaFunction, type LambdaHandler } from './lambda-function.ts';
import { PRODUCER, RECONCILER, RELAY, recorderOf } from './site.ts';
import { type System, streamOf } from './system.ts';
import { TransportFaults } from './transport-faults.ts';
import type { World } from './world.ts';

export const LEDGER = 'waybill-ledger';
/** Of the ledger, when a run begins: few, since reconciliation reads each of them. */
export const SHARDS = 4;
const BUCKET = 'quarantine';
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

// As `lib/constructs` deploys them.
const RELAY_TIMEOUT = 60 * SECOND;
const RECORDER_TIMEOUT = 30 * SECOND;
const PRODUCER_TIMEOUT = 90 * SECOND;
const BACKSTOP_RECEIVES = 100;
const VISIBILITY_TIMEOUTS = 6;
const DEAD_LETTER_SECONDS = 14 * 24 * 3_600;
const STREAM_SHARDS = 2;

/** A system with the framework around it, on engines in memory: what `lib/constructs` would deploy for it. */
export class Deployment {
  readonly producer: LambdaFunction;
  readonly reconciler: LambdaFunction;
  readonly #world: World;
  readonly #system: System;
  readonly #queues = new Map<string, Queue>();
  readonly #sources: SimulatedSource[] = [];

  constructor(world: World, system: System) {
    this.#world = world;
    this.#system = system;
    const { dynamodb, kinesis, s3 } = world.engines;
    dynamodb.createTable({
      name: LEDGER,
      partitionKey: { name: 'pk', type: 'S' },
      sortKey: { name: 'sk', type: 'S' },
    });
    s3.createBucket(BUCKET);
    for (const name of Object.keys(system.streams ?? {})) kinesis.createStream({ name, shards: STREAM_SHARDS });
    for (const { table, rows } of system.tables ?? []) this.#fill(table, rows);
    for (const { name } of system.subscribers) this.#addSubscriber(name);
    this.#registerRoutes();
    this.#addRelay();
    this.producer = new LambdaFunction(world, {
      name: PRODUCER,
      timeout: PRODUCER_TIMEOUT,
      variables: { ...this.#ledgerVariables(), [BINDINGS.producer]: PRODUCER },
      load: () => (event, context) => {
        const step = system.workload[(event as { readonly step: number }).step];
        return step?.({ environment: (context as unknown as { readonly [ENVIRONMENT]: Environment })[ENVIRONMENT] });
      },
    });
    this.reconciler = new LambdaFunction(world, {
      name: RECONCILER,
      timeout: RELAY_TIMEOUT,
      variables: this.#ledgerVariables(),
      load: () => {
        const run = createReconciler({ putMetrics: async () => undefined });
        return (event, context) => run(event, context);
      },
    });
    this.#listen();
  }

  start(): void {
    for (const source of this.#sources) source.start();
  }

  #addSubscriber(name: string): void {
    const { sqs, kinesis } = this.#world.engines;
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
    const consumer = new LambdaFunction(this.#world, { name, timeout, variables, load: () => handler });
    this.#addQueueSource(consumer, queue);
    const stream = streamOf(this.#system, name);
    if (stream !== undefined) {
      const mapping: EventSourceMapping = {
        kind: 'stream',
        streamName: stream,
        invoke: consumer.invoke,
        batchSize: 100,
        bisectBatchOnError: true,
        retryAttempts: 10,
        maxRecordAge: 12 * HOUR,
        onFailure: { kind: 'bucket', bucket: BUCKET },
        reportBatchItemFailures: true,
      };
      this.#addStreamSource(name, mapping, () => kinesis.records(stream).length);
    }
    const ender = new LambdaFunction(this.#world, {
      name: recorderOf(name),
      timeout: RECORDER_TIMEOUT,
      variables,
      load: () => (event, context) => recorder(event as never, context),
    });
    this.#addQueueSource(ender, backstop);
  }

  #addRelay(): void {
    const relay = new LambdaFunction(this.#world, {
      name: RELAY,
      timeout: RELAY_TIMEOUT,
      variables: this.#ledgerVariables(),
      load: () => createRelay() as LambdaHandler,
    });
    const mapping: EventSourceMapping = {
      kind: 'table',
      streamArn: tableStreamArn(LEDGER),
      invoke: relay.invoke,
      batchSize: 500,
      bisectBatchOnError: true,
      retryAttempts: 100,
      maxRecordAge: 12 * HOUR,
      onFailure: { kind: 'bucket', bucket: BUCKET },
      filters: [{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: OUTBOX_PREFIX }] } } } }],
    };
    const ledger = this.#world.engines.dynamodb.table(LEDGER);
    this.#addStreamSource(RELAY, mapping, () => ledger.changes.length);
  }

  #addQueueSource({ name, invoke }: LambdaFunction, queue: Queue): void {
    const mapping: EventSourceMapping = {
      kind: 'queue',
      queueUrl: queue.url,
      invoke,
      batchSize: 10,
      reportBatchItemFailures: true,
    };
    const visibleAt = () => queue.messages().reduce((first, one) => Math.min(first, one.visibleAt), Infinity);
    this.#sources.push(new SimulatedSource(this.#world, name, mapping, visibleAt));
  }

  #addStreamSource(actor: string, mapping: EventSourceMapping, total: () => number): void {
    const now = this.#world.schedule.now;
    this.#sources.push(new SimulatedSource(this.#world, actor, mapping, (read) => (read < total() ? now() : Infinity)));
  }

  /** As the registrar does when the subscribers are deployed for the first time. */
  #registerRoutes(): void {
    const ledger = this.#world.engines.dynamodb.table(LEDGER);
    for (const { name, consumes, deadline } of this.#system.subscribers) {
      const stream = streamOf(this.#system, name);
      const url = this.#queues.get(name)?.url ?? '';
      for (const { type, businessLine } of consumes) {
        const route: RouteRow = {
          type,
          subscriber: name,
          since: 0,
          destination:
            stream === undefined ? { kind: 'queue', url } : { kind: 'stream', name: stream, retryQueueUrl: url },
          deadline,
          businessLine,
        };
        const key = toItem(routeKey(type, name));
        ledger.write(key, { ...key, ...toItem(route) });
        ledger.write(toItem(eventTypeKey(type)), toItem(eventTypeKey(type)));
      }
    }
  }

  #ledgerVariables(): Environment['variables'] {
    return { [BINDINGS.ledger]: LEDGER, [BINDINGS.shards]: String(SHARDS) };
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
      expire: () => engines.dynamodb.expire(LEDGER, 'ttl'),
    });
    engines.dynamodb.onChange((change) => record.add({ kind: 'row', change }));
    engines.sqs.onEvent((event) => {
      record.add({ kind: 'queue', event: { ...event, message: { ...event.message } } });
      faults.onQueueEvent(event);
    });
    engines.kinesis.onRecord((stream, data) => {
      record.add({ kind: 'stream', stream, record: data });
      faults.onRecord(stream, data);
    });
  }
}
