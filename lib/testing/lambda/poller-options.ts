import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Sender } from '../../aws/environment.ts';
import type { PollerClock } from './clock.ts';
import type { EventSourceMapping } from './mapping.ts';
import type { TableStreams } from './table-streams.ts';
import type { Observer } from './trouble.ts';

/** Where event sources are: real clients, or those of engines in memory. Each is needed only where a mapping uses it. */
export interface PollerClients {
  readonly sqs: Sender<SQSClient>;
  readonly kinesis: () => Promise<Sender<KinesisClient>>;
  readonly s3: () => Promise<Sender<S3Client>>;
  /** `tableStreamsOf(dynamodb)`, or an engine's. */
  readonly tableStreams: TableStreams;
}

/** What an EventSourcePoller reads, and whom it tells. */
export interface PollerOptions {
  readonly mappings: readonly EventSourceMapping[];
  readonly clients: PollerClients;
  /** @default the machine's */
  readonly clock?: PollerClock;
  /** Of the ids of discarded batches. @default the machine's */
  readonly random?: (bytes: number) => Uint8Array;
  /** In the records' ARNs. @default 'us-east-1' */
  readonly region?: string;
  /** Milliseconds after which a source is asked again that had nothing. @default 100 */
  readonly interval?: number;
  /** Seconds for which `start` lets a queue wait for a message. @default 1 */
  readonly waitSeconds?: number;
  /** Milliseconds that a stream's batch rests after its n-th failure. @default 200, doubled each time, at most 10,000 */
  readonly retryDelay?: (failures: number) => number;
  readonly observer?: Observer;
}
