import type {
  DescribeStreamSummaryCommandInput,
  GetRecordsCommandInput,
  GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommandInput,
  MergeShardsCommandInput,
  PutRecordCommandInput,
  PutRecordsCommandInput,
  PutRecordsRequestEntry,
  SplitShardCommandInput,
  UpdateShardCountCommandInput,
} from '@aws-sdk/client-kinesis';
import { UnsupportedByEngine } from '../../errors.ts';
import { Engine } from '../engine.ts';
import { refuseOthers } from '../refuse-others.ts';
import { pageFrom, readShardIterator, shardIterator } from '../shard-iterator.ts';
import type { Operations } from '../wire.ts';
import { expiredIterator, invalidArgument, notFound } from './exceptions.ts';
import { refuseInvalid } from './record-limits.ts';
import { describedChild, describedShard, isOpen, type StreamShard } from './shard.ts';
import { type StoredRecord, Stream, type StreamOptions } from './stream.ts';

const RECORD = ['Data', 'PartitionKey', 'ExplicitHashKey'];

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html */
const MAX_READ = 10_000;

/**
 * Kinesis in memory: PutRecord and PutRecords into streams whose shards share the hashes of partition keys evenly, reading
 * by iterators, and SplitShard, MergeShards and UpdateShardCount, which take effect at once. Not there: the throughput limits of a shard,
 * consumers with enhanced fan-out, and whatever creates or changes streams as a whole.
 */
export class KinesisEngine extends Engine<KinesisClient, [stream: string, record: StoredRecord]> {
  protected override readonly operations: Operations;
  readonly #streams = new Map<string, Stream>();

  /** @param clock.now milliseconds since the epoch */
  constructor(clock: { readonly now: () => number }) {
    super(clock);
    this.operations = {
      PutRecord: (input) => this.#putRecord(input),
      PutRecords: (input) => this.#putRecords(input),
      ListShards: (input) => this.#listShards(input),
      DescribeStreamSummary: (input) => this.#describe(input),
      GetShardIterator: (input) => this.#getShardIterator(input),
      GetRecords: (input) => this.#getRecords(input),
      SplitShard: (input) => this.#splitShard(input),
      MergeShards: (input) => this.#mergeShards(input),
      UpdateShardCount: (input) => this.#updateShardCount(input),
    };
  }

  createStream(options: StreamOptions): void {
    this.#streams.set(options.name, new Stream(options, this.now));
  }

  /** All records that a stream ever had, in the order in which they came. */
  records(stream: string): readonly StoredRecord[] {
    return this.#stream(stream).records;
  }

  /** The shards of a stream, closed ones too, in the order in which they were opened. */
  shards(stream: string): readonly StreamShard[] {
    return this.#stream(stream).shards();
  }

  #stream(name: string | undefined): Stream {
    const stream = this.#streams.get(name ?? '');
    if (stream) return stream;
    throw notFound(`Stream ${name}`);
  }

  #putRecord(input: PutRecordCommandInput) {
    refuseOthers('PutRecord', input, ['StreamName', ...RECORD]);
    const stream = this.#stream(input.StreamName);
    refuseInvalid([input]);
    return this.#put(stream, input);
  }

  #putRecords(input: PutRecordsCommandInput) {
    refuseOthers('PutRecords', input, ['StreamName', 'Records']);
    const stream = this.#stream(input.StreamName);
    const records = input.Records ?? [];
    for (const record of records) refuseOthers('PutRecords', record, RECORD);
    refuseInvalid(records);
    return { FailedRecordCount: 0, Records: records.map((record) => this.#put(stream, record)) };
  }

  #put(
    stream: Stream,
    { Data = new Uint8Array(), PartitionKey = '', ExplicitHashKey }: Partial<PutRecordsRequestEntry>,
  ) {
    const record = stream.put(PartitionKey, Data, ExplicitHashKey);
    this.tell(stream.name, record);
    return { ShardId: record.shardId, SequenceNumber: record.sequenceNumber };
  }

  #listShards(input: ListShardsCommandInput) {
    refuseOthers('ListShards', input, ['StreamName']);
    return { Shards: this.#stream(input.StreamName).shards().map(describedShard) };
  }

  #describe(input: DescribeStreamSummaryCommandInput) {
    refuseOthers('DescribeStreamSummary', input, ['StreamName']);
    const stream = this.#stream(input.StreamName);
    return {
      StreamDescriptionSummary: {
        StreamName: stream.name,
        StreamARN: stream.arn,
        StreamStatus: 'ACTIVE',
        OpenShardCount: stream.shards().filter(isOpen).length,
      },
    };
  }

  #splitShard(input: SplitShardCommandInput) {
    refuseOthers('SplitShard', input, ['StreamName', 'ShardToSplit', 'NewStartingHashKey']);
    const { ShardToSplit, NewStartingHashKey = '' } = input;
    if (!/^\d{1,39}$/.test(NewStartingHashKey)) throw invalidArgument(`NewStartingHashKey is ${NewStartingHashKey}.`);
    this.#stream(input.StreamName).split(ShardToSplit, BigInt(NewStartingHashKey));
    return {};
  }

  #mergeShards(input: MergeShardsCommandInput) {
    refuseOthers('MergeShards', input, ['StreamName', 'ShardToMerge', 'AdjacentShardToMerge']);
    this.#stream(input.StreamName).merge(input.ShardToMerge, input.AdjacentShardToMerge);
    return {};
  }

  #updateShardCount(input: UpdateShardCountCommandInput) {
    refuseOthers('UpdateShardCount', input, ['StreamName', 'TargetShardCount', 'ScalingType']);
    const stream = this.#stream(input.StreamName);
    const { TargetShardCount = 0 } = input;
    const CurrentShardCount = stream.shards().filter(isOpen).length;
    stream.resize(TargetShardCount);
    return { StreamName: stream.name, CurrentShardCount, TargetShardCount };
  }

  #getShardIterator(input: GetShardIteratorCommandInput) {
    refuseOthers('GetShardIterator', input, [
      'StreamName',
      'ShardId',
      'ShardIteratorType',
      'StartingSequenceNumber',
      'Timestamp',
    ]);
    const { StreamName, ShardId = '', ShardIteratorType = '', StartingSequenceNumber: number, Timestamp } = input;
    const stream = this.#stream(StreamName);
    stream.shard(ShardId);
    const starts: Readonly<Record<string, () => number>> = {
      TRIM_HORIZON: () => 0,
      LATEST: () => stream.records.length,
      AT_SEQUENCE_NUMBER: () => stream.indexOf(number, { isAfter: false }),
      AFTER_SEQUENCE_NUMBER: () => stream.indexOf(number, { isAfter: true }),
      AT_TIMESTAMP: () => stream.indexAt(Timestamp?.getTime() ?? Number.NaN),
    };
    const index = starts[ShardIteratorType]?.();
    if (index === undefined) {
      throw new UnsupportedByEngine(`The engine in memory does not know the position ${ShardIteratorType}`);
    }
    return { ShardIterator: shardIterator({ stream: stream.name, shard: ShardId, index }, this.now()) };
  }

  /** At the end of a closed shard there is no next iterator, but the shards in which it goes on. */
  #getRecords(input: GetRecordsCommandInput) {
    refuseOthers('GetRecords', input, ['ShardIterator', 'Limit']);
    const now = this.now();
    const position = readShardIterator(input.ShardIterator, now, {
      invalid: () => invalidArgument('Invalid ShardIterator.'),
      expired: expiredIterator,
    });
    const stream = this.#stream(position.stream);
    const shard = stream.shard(position.shard);
    const shardOf = ({ shardId }: StoredRecord) => shardId;
    const from = { ...position, index: Math.max(position.index, stream.firstKept()) };
    const { page, next } = pageFrom(from, stream.records, input.Limit ?? MAX_READ, shardOf);
    const { page: rest } = pageFrom(next, stream.records, 1, shardOf);
    const ends = rest.length === 0 && !isOpen(shard);
    return {
      Records: page.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => ({
        SequenceNumber: sequenceNumber,
        PartitionKey: partitionKey,
        Data: new Uint8Array(data),
        ApproximateArrivalTimestamp: new Date(arrivedAt),
      })),
      ...(ends
        ? { ChildShards: stream.childrenOf(shard.id).map(describedChild) }
        : { NextShardIterator: shardIterator(next, now) }),
      MillisBehindLatest: rest.length === 0 ? 0 : now - (page.at(-1)?.arrivedAt ?? now),
    };
  }
}
