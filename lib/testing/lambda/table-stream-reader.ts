import type { DynamoDBRecord } from 'aws-lambda';
import type { StartingPosition } from './mapping.ts';
import type { Page, Shard, StreamReader, StreamRecord } from './stream-reader.ts';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type TableStreams,
} from './table-streams.ts';

/** How many records the service gives at most at once. */
const MAX_RECORDS = 1_000;

/** Reads the stream of a DynamoDB table. */
export class TableStreamReader implements StreamReader {
  readonly batchInfo = 'DDBStreamBatchInfo';
  readonly streamArn: string;
  readonly #streams: TableStreams;

  constructor(streams: TableStreams, streamArn: string) {
    this.#streams = streams;
    this.streamArn = streamArn;
  }

  async shards(): Promise<readonly Shard[]> {
    const shards: Shard[] = [];
    let from: string | undefined;
    do {
      const { StreamDescription = {} } = await this.#streams.send(
        new DescribeStreamCommand({ StreamArn: this.streamArn, ...(from && { ExclusiveStartShardId: from }) }),
      );
      for (const { ShardId = '', ParentShardId } of StreamDescription.Shards ?? []) {
        shards.push({ id: ShardId, parents: ParentShardId === undefined ? [] : [ParentShardId] });
      }
      from = StreamDescription.LastEvaluatedShardId;
    } while (from !== undefined);
    return shards;
  }

  async iterator(shardId: string, position: StartingPosition | { readonly after: string }): Promise<string> {
    const { ShardIterator = '' } = await this.#streams.send(
      new GetShardIteratorCommand({
        StreamArn: this.streamArn,
        ShardId: shardId,
        ...(typeof position === 'string'
          ? { ShardIteratorType: position }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position.after }),
      }),
    );
    return ShardIterator;
  }

  async read(_shardId: string, iterator: string, limit: number): Promise<Page> {
    const { Records = [], NextShardIterator } = await this.#streams.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: Math.min(limit, MAX_RECORDS) }),
    );
    return {
      records: Records.map((record) => this.#record(record)),
      ...(NextShardIterator && { next: NextShardIterator }),
    };
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
  #record(record: DynamoDBRecord): StreamRecord {
    const event: DynamoDBRecord = { ...record, eventSource: 'aws:dynamodb', eventSourceARN: this.streamArn };
    return {
      sequenceNumber: record.dynamodb?.SequenceNumber ?? '',
      // Lambda keeps the changes of an item in order.
      partitionKey: JSON.stringify(record.dynamodb?.Keys ?? {}),
      arrivedAt: Number(record.dynamodb?.ApproximateCreationDateTime ?? 0) * 1000,
      event,
      filterable: () => event,
    };
  }
}
