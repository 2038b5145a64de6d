import {
  type _Record,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type Shard as KinesisShard,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { KinesisStreamRecord } from 'aws-lambda';
import type { Sender } from '../../aws/environment.ts';
import type { StartingPosition } from './mapping.ts';
import type { Page, Shard, StreamReader, StreamRecord } from './stream-reader.ts';

/** Reads a Kinesis stream by its API. */
export class KinesisReader implements StreamReader {
  readonly batchInfo = 'KinesisBatchInfo';
  readonly streamArn: string;
  readonly #stream: string;
  readonly #region: string;
  readonly #kinesis: Sender<KinesisClient>;

  constructor(kinesis: Sender<KinesisClient>, stream: string, region: string) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#region = region;
    this.streamArn = `arn:aws:kinesis:${region}:000000000000:stream/${stream}`;
  }

  async shards(): Promise<readonly Shard[]> {
    const shards: Shard[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#kinesis.send(
        new ListShardsCommand(NextToken === undefined ? { StreamName: this.#stream } : { NextToken }),
      );
      shards.push(...(page.Shards ?? []).map(shardOf));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return shards;
  }

  async iterator(shardId: string, position: StartingPosition | { readonly after: string }): Promise<string> {
    const { ShardIterator = '' } = await this.#kinesis.send(
      new GetShardIteratorCommand({
        StreamName: this.#stream,
        ShardId: shardId,
        ...(typeof position === 'string'
          ? { ShardIteratorType: position }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: position.after }),
      }),
    );
    return ShardIterator;
  }

  async read(shardId: string, iterator: string, limit: number): Promise<Page> {
    const { Records = [], NextShardIterator } = await this.#kinesis.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }),
    );
    return {
      records: Records.map((record) => this.#record(shardId, record)),
      ...(NextShardIterator && { next: NextShardIterator }),
    };
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
  #record(shardId: string, record: _Record): StreamRecord {
    const { SequenceNumber = '', PartitionKey = '', Data = new Uint8Array(), ApproximateArrivalTimestamp } = record;
    const arrivedAt = ApproximateArrivalTimestamp?.getTime() ?? 0;
    const data = Buffer.from(Data);
    const event: KinesisStreamRecord = {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: PartitionKey,
        sequenceNumber: SequenceNumber,
        data: data.toString('base64'),
        approximateArrivalTimestamp: arrivedAt / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${SequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/event-source',
      awsRegion: this.#region,
      eventSourceARN: this.streamArn,
    };
    return {
      sequenceNumber: SequenceNumber,
      partitionKey: PartitionKey,
      arrivedAt,
      event,
      filterable: () => ({ ...event.kinesis, data: parsed(data.toString('utf8')) }),
    };
  }
}

function shardOf({ ShardId = '', ParentShardId, AdjacentParentShardId }: KinesisShard): Shard {
  return { id: ShardId, parents: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
