import { hash } from 'node:crypto';
import {
  ExpiredIteratorException,
  type GetRecordsCommandInput,
  type GetShardIteratorCommandInput,
  InvalidArgumentException,
  type KinesisClient,
  KinesisServiceException,
  type ListShardsCommandInput,
  type PutRecordsCommandInput,
  type PutRecordsRequestEntry,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import { UnsupportedByEngine } from '../errors.ts';
import { refuseOthers } from './refuse-others.ts';
import { pageFrom, readShardIterator, shardIterator } from './shard-iterator.ts';
import {
  applied,
  type ClientOf,
  directWire,
  EngineClient,
  type Operations,
  type SdkCommand,
  type Wire,
} from './wire.ts';

/** A record as it lies in a shard. */
export interface StoredRecord {
  readonly shardId: string;
  /** Ascending over all records of a stream. */
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
}

interface Stream {
  readonly shards: number;
  readonly records: StoredRecord[];
}

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;
const MAX_BYTES = 10 * 1024 * 1024;
/** Of a stream's default: https://docs.aws.amazon.com/streams/latest/dev/large-records.html */
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_KEY_CHARACTERS = 256;
const $metadata = { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 } as const;

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html */
const MAX_READ = 10_000;

/**
 * Kinesis in memory: PutRecords into streams whose shards share the hashes of partition keys evenly, and reading by
 * iterators. Not there: resharding, trimming, the throughput limits of a shard.
 */
export class KinesisEngine {
  readonly #now: () => number;
  readonly #streams = new Map<string, Stream>();
  readonly #operations: Operations;
  readonly #listeners: ((stream: string, record: StoredRecord) => void)[] = [];

  /** @param options.now milliseconds since the epoch */
  constructor({ now }: { readonly now: () => number }) {
    this.#now = now;
    this.#operations = {
      PutRecords: (input) => this.#putRecords(input),
      ListShards: (input) => this.#listShards(input),
      GetShardIterator: (input) => this.#getShardIterator(input),
      GetRecords: (input) => this.#getRecords(input),
    };
  }

  createStream({ name, shards = 1 }: { readonly name: string; readonly shards?: number }): void {
    this.#streams.set(name, { shards, records: [] });
  }

  /** All records of a stream, in the order in which they came. */
  records(stream: string): readonly StoredRecord[] {
    return this.#stream(stream).records;
  }

  /** Calls the listener at each record that is put from now on, in the moment in which it is. */
  onRecord(listener: (stream: string, record: StoredRecord) => void): void {
    this.#listeners.push(listener);
  }

  /** Carries a command out, at once. */
  apply(command: SdkCommand): object {
    return applied(this.#operations, command);
  }

  /** A client that sends its requests over the wire. */
  client(wire: Wire = directWire): ClientOf<KinesisClient> {
    return new EngineClient(this.#operations, wire) as ClientOf<KinesisClient>;
  }

  #stream(name: string | undefined): Stream {
    const stream = this.#streams.get(name ?? '');
    if (stream) return stream;
    throw new ResourceNotFoundException({ $metadata, message: `Stream ${name} under account 000000000000 not found.` });
  }

  #putRecords(input: PutRecordsCommandInput) {
    refuseOthers('PutRecords', input, ['StreamName', 'Records']);
    const stream = this.#stream(input.StreamName);
    const records = input.Records ?? [];
    if (records.length === 0 || records.length > MAX_RECORDS) {
      throw validation(
        `Value at 'records' failed to satisfy constraint: Member must have length from 1 to ${MAX_RECORDS}`,
      );
    }
    for (const record of records) refuseOthers('PutRecords', record, ['Data', 'PartitionKey', 'ExplicitHashKey']);
    if (records.some(({ Data }) => (Data?.byteLength ?? 0) > MAX_RECORD_BYTES)) {
      throw validation(
        `Value at 'records' failed to satisfy constraint: Member must have length less than or equal to ${MAX_RECORD_BYTES}`,
      );
    }
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    if (bytes > MAX_BYTES) {
      throw new InvalidArgumentException({ $metadata, message: `Records size exceeds ${MAX_BYTES} bytes` });
    }
    return {
      FailedRecordCount: 0,
      Records: records.map((record) => this.#put(input.StreamName ?? '', stream, record)),
    };
  }

  #listShards(input: ListShardsCommandInput) {
    refuseOthers('ListShards', input, ['StreamName']);
    const { shards } = this.#stream(input.StreamName);
    return { Shards: Array.from({ length: shards }, (_, index) => ({ ShardId: shardIdOf(index) })) };
  }

  #getShardIterator(input: GetShardIteratorCommandInput) {
    refuseOthers('GetShardIterator', input, ['StreamName', 'ShardId', 'ShardIteratorType', 'StartingSequenceNumber']);
    const { StreamName = '', ShardId = '', ShardIteratorType = '', StartingSequenceNumber: after } = input;
    const { records } = this.#stream(StreamName);
    const index = new Map<string, number>([
      ['TRIM_HORIZON', 0],
      ['LATEST', records.length],
      ['AFTER_SEQUENCE_NUMBER', records.findIndex(({ sequenceNumber }) => sequenceNumber === after) + 1],
    ]).get(ShardIteratorType);
    if (index === undefined) {
      throw new UnsupportedByEngine(`The engine in memory does not know the position ${ShardIteratorType}`);
    }
    return { ShardIterator: shardIterator({ stream: StreamName, shard: ShardId, index }, this.#now()) };
  }

  #getRecords(input: GetRecordsCommandInput) {
    refuseOthers('GetRecords', input, ['ShardIterator', 'Limit']);
    const now = this.#now();
    const position = readShardIterator(input.ShardIterator, now, {
      invalid: () => new InvalidArgumentException({ $metadata, message: 'Invalid ShardIterator.' }),
      expired: () => new ExpiredIteratorException({ $metadata, message: 'Iterator expired.' }),
    });
    const { records } = this.#stream(position.stream);
    const { page, next } = pageFrom(position, records, input.Limit ?? MAX_READ, ({ shardId }) => shardId);
    return {
      Records: page.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => ({
        SequenceNumber: sequenceNumber,
        PartitionKey: partitionKey,
        Data: new Uint8Array(data),
        ApproximateArrivalTimestamp: new Date(arrivedAt),
      })),
      NextShardIterator: shardIterator(next, now),
      MillisBehindLatest: 0,
    };
  }

  #put(
    name: string,
    stream: Stream,
    { Data = new Uint8Array(), PartitionKey = '', ExplicitHashKey }: PutRecordsRequestEntry,
  ) {
    const hashKey = ExplicitHashKey === undefined ? BigInt(`0x${hash('md5', PartitionKey)}`) : BigInt(ExplicitHashKey);
    const shard = Number((hashKey * BigInt(stream.shards)) >> 128n);
    const shardId = shardIdOf(shard);
    const sequenceNumber = `495${String(stream.records.length + 1).padStart(53, '0')}`;
    const record = {
      shardId,
      sequenceNumber,
      partitionKey: PartitionKey,
      data: new Uint8Array(Data),
      arrivedAt: this.#now(),
    };
    stream.records.push(record);
    for (const listener of this.#listeners) listener(name, record);
    return { ShardId: shardId, SequenceNumber: sequenceNumber };
  }
}

function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

function recordBytes({ Data, PartitionKey = '' }: PutRecordsRequestEntry): number {
  if (!(Data instanceof Uint8Array))
    throw validation("Value at 'data' failed to satisfy constraint: Member must not be null");
  if (PartitionKey.length < 1 || PartitionKey.length > MAX_KEY_CHARACTERS) {
    throw validation(
      `Value at 'partitionKey' failed to satisfy constraint: Member must have length from 1 to ${MAX_KEY_CHARACTERS}`,
    );
  }
  return Data.byteLength + Buffer.byteLength(PartitionKey);
}

/** The SDK has a class for it only on other operations: it is told by its name. */
function validation(message: string): KinesisServiceException {
  return new KinesisServiceException({
    name: 'ValidationException',
    $fault: 'client',
    $metadata,
    message: `1 validation error detected: ${message}`,
  });
}
