import type { StartingPosition } from './mapping.ts';

/** Reads the shards of a stream, whatever stream it is. */
export interface StreamReader {
  /** The key under which records of discarded batches are told of. */
  readonly batchInfo: 'KinesisBatchInfo' | 'DDBStreamBatchInfo';
  readonly streamArn: string;
  /** All shards that there are. */
  shards(): Promise<readonly Shard[]>;
  /** An iterator at a position of a shard: before its first record, after its last, or after a record. */
  iterator(shardId: string, position: StartingPosition | { readonly after: string }): Promise<string>;
  /** Up to `limit` records, and the next iterator; none at the end of a closed shard. */
  read(shardId: string, iterator: string, limit: number): Promise<Page>;
}

export interface Shard {
  readonly id: string;
  /** The shards that it was split or merged from: they are read to their end before it. */
  readonly parents: readonly string[];
}

export interface Page {
  readonly records: readonly StreamRecord[];
  readonly next?: string;
}

/** A record of a stream, whatever stream it is. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  /** Records with the same one stay in order. */
  readonly partitionKey: string;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** The record as Lambda hands it to a function. */
  readonly event: object;
  /** The record as filters compare it. */
  filterable(): unknown;
}
