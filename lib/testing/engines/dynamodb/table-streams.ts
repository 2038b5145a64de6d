import { hash } from 'node:crypto';
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { HOUR_MS } from '../../../contract/time.ts';
import { UnsupportedByEngine } from '../../errors.ts';
import { pageFrom, readShardIterator, shardIterator } from '../shard-iterator.ts';
import type { Operations } from '../wire.ts';
import { validationException } from './exceptions.ts';
import { type StreamView, streamRecord } from './stream-record.ts';
import type { Change, Table } from './table.ts';
import type { Tables } from './tables.ts';

export interface TableStreamOptions {
  /** The images that the records hold. @default 'NEW_IMAGE' */
  readonly view?: StreamView;
  /** How many shards share the partition keys of a table. @default 1 */
  readonly shards?: number;
  /** Hours after which a record can no longer be read: AWS keeps it for 24. @default never */
  readonly retentionHours?: number;
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html */
const MAX_RECORDS = 1_000;

/** The operations of DynamoDB Streams on all tables: every table has a stream. */
export function tableStreamOperations(
  tables: Tables,
  now: () => number,
  { view = 'NEW_IMAGE', shards = 1, retentionHours = Number.POSITIVE_INFINITY }: TableStreamOptions,
): Operations {
  const shardOf = (table: Table) => (change: Change) => {
    const value = JSON.stringify(change.key[table.schema.partitionKey.name]);
    return shardId(Number.parseInt(hash('md5', value).slice(0, 8), 16) % shards);
  };
  return {
    DescribeStream: ({ StreamArn }: { readonly StreamArn: string }) => {
      tables.find(nameIn(StreamArn));
      const Shards = Array.from({ length: shards }, (_, index) => ({ ShardId: shardId(index) }));
      return { StreamDescription: { StreamArn, StreamStatus: 'ENABLED', Shards } };
    },
    GetShardIterator: ({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }: GetShardIteratorInput) => {
      const { changes } = tables.find(nameIn(StreamArn));
      const after = Number(SequenceNumber);
      const index = {
        TRIM_HORIZON: 0,
        LATEST: changes.length,
        AFTER_SEQUENCE_NUMBER: changes.filter(({ sequence }) => sequence <= after).length,
      }[ShardIteratorType];
      if (index === undefined)
        throw new UnsupportedByEngine(`The engine in memory does not know the position ${ShardIteratorType}`);
      return { ShardIterator: shardIterator({ stream: nameIn(StreamArn), shard: ShardId, index }, now()) };
    },
    GetRecords: ({
      ShardIterator,
      Limit = MAX_RECORDS,
    }: {
      readonly ShardIterator: string;
      readonly Limit?: number;
    }) => {
      const position = readShardIterator(ShardIterator, now(), {
        invalid: () => validationException('Invalid ShardIterator'),
        expired: () => expiredIterator(),
      });
      const table = tables.find(position.stream);
      const horizon = now() - retentionHours * HOUR_MS;
      const kept = table.changes.findIndex(({ at }) => at > horizon);
      const from = { ...position, index: Math.max(position.index, kept < 0 ? table.changes.length : kept) };
      const { page, next } = pageFrom(from, table.changes, Math.min(Limit, MAX_RECORDS), shardOf(table));
      return {
        Records: page.map((change) => streamRecord(change, view)),
        NextShardIterator: shardIterator(next, now()),
      };
    },
  };
}

interface GetShardIteratorInput {
  readonly StreamArn: string;
  readonly ShardId: string;
  readonly ShardIteratorType: 'TRIM_HORIZON' | 'LATEST' | 'AFTER_SEQUENCE_NUMBER';
  readonly SequenceNumber?: string;
}

function nameIn(streamArn: string): string {
  return streamArn.split('/')[1] ?? streamArn;
}

function shardId(index: number): string {
  return `shardId-${String(index).padStart(20, '0')}-00000000`;
}

/** The SDK of this service is not installed: the error is told by its name. */
function expiredIterator(): DynamoDBServiceException {
  return new DynamoDBServiceException({
    name: 'ExpiredIteratorException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 },
    message: 'The iterator has expired',
  });
}
