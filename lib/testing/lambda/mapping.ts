/** A Lambda function as an event source invokes it: answers what its handler returns, or throws what it throws. */
export type Invoke = (event: object) => Promise<unknown>;

/** The settings that queues and streams have in common. */
interface MappingOptions {
  /** How it is named in reports. @default the queue's, stream's or table's name */
  readonly name?: string;
  readonly invoke: Invoke;
  /** How long a batch waits to fill, in milliseconds, to 300,000; FIFO queues do not wait. @default 0 */
  readonly maxBatchingWindow?: number;
  /** Whether the answer names the records that failed (`ReportBatchItemFailures`). @default false */
  readonly reportBatchItemFailures?: boolean;
  /** Event patterns of which a record must match one. @default all records match */
  readonly filters?: readonly EventPattern[];
}

/** A pattern of filter criteria, as an object. @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html */
export interface EventPattern {
  readonly [property: string]: unknown;
}

/**
 * A queue that invokes a function. A FIFO queue gives a group no further message before those that a batch had of it are
 * deleted, or visible again: what a function reports as failed is handled again before whatever comes after it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export interface QueueMapping extends MappingOptions {
  readonly kind: 'queue';
  readonly queueUrl: string;
  /** Records of a batch, from 1 to 10,000, and above 10 with a window only; of a FIFO queue to 10. @default 10 */
  readonly batchSize?: number;
  /** Batches that are handled at once. @default 5, with which Lambda begins */
  readonly maxConcurrency?: number;
}

/** A stream whose shards invoke a function. */
interface ShardedMapping extends MappingOptions {
  readonly startingPosition?: StartingPosition;
  /** Records of a batch, from 1 to 10,000. @default 100 */
  readonly batchSize?: number;
  /** Batches of one shard that are handled at once, from 1 to 10. Records of one partition key stay in order. @default 1 */
  readonly parallelizationFactor?: number;
  /** Whether a failed batch is halved before it is tried again. @default false */
  readonly bisectBatchOnError?: boolean;
  /** How often a failed batch is tried again; -1: until its records are too old. @default -1 */
  readonly retryAttempts?: number;
  /** Milliseconds after which a record is discarded; -1: never. @default -1 */
  readonly maxRecordAge?: number;
  /**
   * Milliseconds of the windows in which a function hands a state on from one invocation of a shard to the next; 0: none.
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
   * @default 0
   */
  readonly tumblingWindow?: number;
  /**
   * Milliseconds for which the stream itself keeps its records: what has failed for so long is lost, and nobody is told.
   * @default for ever
   */
  readonly retention?: number;
  /** Where discarded batches are told of. @default nowhere */
  readonly onFailure?: FailureDestination;
}

/** Where reading begins: at the oldest record, or after the newest. @default 'TRIM_HORIZON' */
export type StartingPosition = 'TRIM_HORIZON' | 'LATEST';

/** A Kinesis stream that invokes a function. @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export interface StreamMapping extends ShardedMapping {
  readonly kind: 'stream';
  readonly streamName: string;
}

/** The stream of a DynamoDB table that invokes a function. @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export interface TableMapping extends ShardedMapping {
  readonly kind: 'table';
  readonly streamArn: string;
}

/**
 * Where a stream's discarded batches go: a queue gets where the records lie, a bucket gets the records as well.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export type FailureDestination =
  | { readonly kind: 'queue'; readonly queueUrl: string }
  | { readonly kind: 'bucket'; readonly bucket: string };

/** An event source of a function, with the settings of Lambda's event source mappings. */
export type EventSourceMapping = QueueMapping | StreamMapping | TableMapping;

/** The name by which reports tell of the mapping. */
export function nameOf(mapping: EventSourceMapping): string {
  if (mapping.name !== undefined) return mapping.name;
  if (mapping.kind === 'queue') return mapping.queueUrl.split('/').at(-1) ?? mapping.queueUrl;
  return mapping.kind === 'stream' ? mapping.streamName : (mapping.streamArn.split('/')[1] ?? mapping.streamArn);
}
