import { hash } from 'node:crypto';
import { DAY_MS, HOUR_MS } from '../../../contract/time.ts';
import { invalidArgument, limitExceeded, notFound } from './exceptions.ts';
import { HASHES, isOpen, type StreamShard, shardIdOf } from './shard.ts';

export interface StreamOptions {
  readonly name: string;
  /** @default 1 */
  readonly shards?: number;
  /** Hours after which a record can no longer be read. @default never */
  readonly retentionHours?: number;
}

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

/** Kinesis resizes a stream so often in a day. */
const MOST_RESIZES = 10;

/** A stream: its shards share the hashes of partition keys among them, at first evenly. */
export class Stream {
  readonly name: string;
  readonly arn: string;
  /** All that ever came, in the order in which they did. */
  readonly records: StoredRecord[] = [];
  readonly #now: () => number;
  readonly #retention: number;
  readonly #shards: StreamShard[] = [];
  #sequence = 0;
  #resized: number[] = [];

  constructor({ name, shards = 1, retentionHours = Number.POSITIVE_INFINITY }: StreamOptions, now: () => number) {
    this.name = name;
    this.arn = `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;
    this.#now = now;
    this.#retention = retentionHours * HOUR_MS;
    for (let index = 0n; index < BigInt(shards); index++) {
      // The least hashes of which `hash * shards / HASHES` is the shard's number.
      const bound = (number: bigint) => (number * HASHES + BigInt(shards) - 1n) / BigInt(shards);
      this.#open(bound(index), bound(index + 1n) - 1n, []);
    }
  }

  /** All shards, but those that were closed longer ago than records are kept. */
  shards(): readonly StreamShard[] {
    return this.#shards.filter(({ closedAt }) => closedAt === undefined || closedAt > this.#horizon());
  }

  /** @throws ResourceNotFoundException when there is no such shard */
  shard(id: string | undefined): StreamShard {
    const shard = this.shards().find((one) => one.id === id);
    if (!shard) throw notFound(`Shard ${id} in stream ${this.name}`);
    return shard;
  }

  childrenOf(id: string): readonly StreamShard[] {
    return this.#shards.filter(({ parents }) => parents.includes(id));
  }

  /** Puts a record into the open shard of its hash. */
  put(partitionKey: string, data: Uint8Array, explicitHash?: string): StoredRecord {
    const at = explicitHash === undefined ? BigInt(`0x${hash('md5', partitionKey)}`) : BigInt(explicitHash);
    const shard = this.#shards.find((one) => isOpen(one) && one.from <= at && at <= one.to);
    if (!shard) throw invalidArgument(`ExplicitHashKey ${explicitHash} is out of range.`);
    const sequenceNumber = this.#nextSequenceNumber();
    const record = {
      shardId: shard.id,
      sequenceNumber,
      partitionKey,
      data: new Uint8Array(data),
      arrivedAt: this.#now(),
    };
    this.records.push(record);
    return record;
  }

  /**
   * Closes a shard, and opens two that share its hashes.
   *
   * @param newStart the first hash of the second
   * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html
   */
  split(id: string | undefined, newStart: bigint): void {
    const shard = this.#openShard(id);
    if (newStart <= shard.from || newStart > shard.to) {
      throw invalidArgument(
        `NewStartingHashKey ${newStart} used in SplitShard() on shard ${id} is not within the shard's hash keys ${shard.from} to ${shard.to}.`,
      );
    }
    this.#close(shard);
    this.#open(shard.from, newStart - 1n, [shard.id]);
    this.#open(newStart, shard.to, [shard.id]);
  }

  /**
   * Closes two shards whose hashes lie side by side, and opens one that has them all.
   *
   * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
   */
  merge(id: string | undefined, adjacentId: string | undefined): void {
    const [shard, adjacent] = [this.#openShard(id), this.#openShard(adjacentId)];
    if (shard.to + 1n !== adjacent.from && adjacent.to + 1n !== shard.from) {
      throw invalidArgument(`Shards ${id} and ${adjacentId} in stream ${this.name} are not adjacent.`);
    }
    this.#close(shard);
    this.#close(adjacent);
    const from = shard.from < adjacent.from ? shard.from : adjacent.from;
    const to = shard.to > adjacent.to ? shard.to : adjacent.to;
    this.#open(from, to, [shard.id, adjacent.id]);
  }

  /**
   * Splits and merges shards until so many are open that share the hashes about evenly.
   *
   * @throws InvalidArgumentException for more than twice, or less than half as many
   * @throws LimitExceededException for the eleventh change in a day
   * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
   */
  resize(count: number): void {
    const open = () => this.#shards.filter(isOpen).sort((one, other) => (one.from < other.from ? -1 : 1));
    const before = open().length;
    if (count > before * 2 || count < before / 2 || count < 1) {
      throw invalidArgument(`UpdateShardCount cannot scale ${this.name} from ${before} to ${count} shards.`);
    }
    this.#resized = this.#resized.filter((moment) => moment > this.#now() - DAY_MS);
    if (this.#resized.length >= MOST_RESIZES) throw limitExceeded(`${this.name} was scaled 10 times in 24 hours.`);
    this.#resized.push(this.#now());
    const sizeOf = ({ from, to }: StreamShard) => to - from;
    for (let shards = open(); shards.length < count; shards = open()) {
      const widest = shards.reduce((one, other) => (sizeOf(other) > sizeOf(one) ? other : one));
      this.split(widest.id, widest.from + sizeOf(widest) / 2n + 1n);
    }
    for (let shards = open(); shards.length > count; shards = open()) {
      const pairs = shards.slice(1).map((shard, index) => [shards[index] as StreamShard, shard] as const);
      const [one, other] = pairs.reduce((least, pair) =>
        sizeOf(pair[0]) + sizeOf(pair[1]) < sizeOf(least[0]) + sizeOf(least[1]) ? pair : least,
      );
      this.merge(one.id, other.id);
    }
  }

  /** The index of the first record that can still be read. */
  firstKept(): number {
    const horizon = this.#horizon();
    return horizon === Number.NEGATIVE_INFINITY ? 0 : this.#firstIndex(({ arrivedAt }) => arrivedAt > horizon);
  }

  /** The index of the first record at or after a sequence number, or only after it. */
  indexOf(sequenceNumber: string | undefined, { isAfter }: { readonly isAfter: boolean }): number {
    if (!/^\d{1,128}$/.test(sequenceNumber ?? '')) {
      throw invalidArgument(`StartingSequenceNumber ${sequenceNumber} is no sequence number of this stream.`);
    }
    const wanted = BigInt(sequenceNumber ?? 0);
    return this.#firstIndex((record) => {
      const found = BigInt(record.sequenceNumber);
      return isAfter ? found > wanted : found >= wanted;
    });
  }

  /** The index of the first record that came at the moment or after it. */
  indexAt(moment: number): number {
    return this.#firstIndex(({ arrivedAt }) => arrivedAt >= moment);
  }

  /** By halving: what is asked holds of all records after the first of which it does. */
  #firstIndex(holds: (record: StoredRecord) => boolean): number {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.records[middle] as StoredRecord)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #horizon(): number {
    return this.#now() - this.#retention;
  }

  #openShard(id: string | undefined): StreamShard {
    const shard = this.shard(id);
    if (isOpen(shard)) return shard;
    throw invalidArgument(`Shard ${id} in stream ${this.name} is closed: it has been split or merged before.`);
  }

  #open(from: bigint, to: bigint, parents: readonly string[]): void {
    const startingSequenceNumber = this.#nextSequenceNumber();
    this.#shards.push({ id: shardIdOf(this.#shards.length), from, to, parents, startingSequenceNumber });
  }

  #close(shard: StreamShard): void {
    shard.endingSequenceNumber = this.#nextSequenceNumber();
    shard.closedAt = this.#now();
  }

  #nextSequenceNumber(): string {
    this.#sequence += 1;
    return `495${String(this.#sequence).padStart(53, '0')}`;
  }
}
