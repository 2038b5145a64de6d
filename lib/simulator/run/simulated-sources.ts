import { HALF_PREFIX, OUTBOX_PREFIX } from '../../ledger/rows/layout.ts';
import { type Queue, tableStreamArn } from '../../testing/engines/index.ts';
import type { EventSourceMapping } from '../../testing/lambda/index.ts';
import { RETENTION, SimulatedSource } from './event-source.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { World } from './world.ts';

const MAX_RECORD_AGE = 12 * 3_600_000;

/** The event sources of a simulated deployment, with the settings of `lib/constructs`. */
export class SimulatedSources {
  readonly #world: World;
  readonly #sources: SimulatedSource[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    for (const source of this.#sources) source.start();
  }

  addQueue({ name, invoke }: LambdaFunction, queue: Queue): SimulatedSource {
    const mapping: EventSourceMapping = {
      kind: 'queue',
      queueUrl: queue.url,
      invoke,
      batchSize: 10,
      reportBatchItemFailures: true,
    };
    return this.#add(name, mapping, () =>
      queue.messages().reduce((first, { visibleAt }) => Math.min(first, visibleAt), Number.POSITIVE_INFINITY),
    );
  }

  /** @param bucket where batches come that it gives up */
  addStream({ name, invoke }: LambdaFunction, streamName: string, bucket: string): void {
    const { schedule, engines } = this.#world;
    const mapping: EventSourceMapping = {
      kind: 'stream',
      streamName,
      invoke,
      batchSize: 100,
      bisectBatchOnError: true,
      retryAttempts: 10,
      maxRecordAge: MAX_RECORD_AGE,
      onFailure: { kind: 'bucket', bucket },
      reportBatchItemFailures: true,
    };
    this.#addReader(name, mapping, (read) => {
      const records = engines.kinesis.records(streamName);
      const horizon = schedule.now() - RETENTION;
      return (
        read.size < records.length &&
        records.some(({ sequenceNumber, arrivedAt }) => arrivedAt > horizon && !read.has(sequenceNumber))
      );
    });
  }

  /** The relay's source. @param bucket where batches come that it gives up */
  addTable({ name, invoke }: LambdaFunction, ledger: string, bucket: string): void {
    const mapping: EventSourceMapping = {
      kind: 'table',
      streamArn: tableStreamArn(ledger),
      invoke,
      batchSize: 500,
      bisectBatchOnError: true,
      retryAttempts: 100,
      maxRecordAge: MAX_RECORD_AGE,
      onFailure: { kind: 'bucket', bucket },
      filters: [
        {
          eventName: ['INSERT'],
          dynamodb: { Keys: { pk: { S: [{ prefix: OUTBOX_PREFIX }, { prefix: HALF_PREFIX }] } } },
        },
      ],
    };
    const table = this.#world.engines.dynamodb.table(ledger);
    this.#addReader(name, mapping, (read) => read.size < table.changes.length);
  }

  #addReader(actor: string, mapping: EventSourceMapping, isUnread: (read: ReadonlySet<string>) => boolean): void {
    const { now } = this.#world.schedule;
    this.#add(actor, mapping, (read) => (isUnread(read) ? now() : Number.POSITIVE_INFINITY));
  }

  /** @param waiting answers when there is something to read, whatever was read before */
  #add(actor: string, mapping: EventSourceMapping, waiting: (read: ReadonlySet<string>) => number): SimulatedSource {
    const source = new SimulatedSource(this.#world, actor, mapping, waiting);
    this.#sources.push(source);
    return source;
  }
}
