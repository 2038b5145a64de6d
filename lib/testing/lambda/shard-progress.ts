import { hash } from 'node:crypto';
import { Lane, type LaneOptions } from './lane.ts';
import type { StartingPosition } from './mapping.ts';
import type { Shard, StreamReader, StreamRecord } from './stream-reader.ts';

/** How far a shard has been read, and what of it is not handled yet. */
export class ShardProgress {
  readonly shard: Shard;
  readonly lanes: readonly Lane[];
  readonly #reader: StreamReader;
  readonly #from: StartingPosition;
  #iterator: string | undefined;
  #last: string | undefined;
  #hasNext = true;
  #ended = false;

  constructor(shard: Shard, reader: StreamReader, from: StartingPosition, lane: LaneOptions) {
    this.shard = shard;
    this.#reader = reader;
    this.#from = from;
    const lanes = lane.mapping.parallelizationFactor ?? 1;
    this.lanes = Array.from({ length: lanes }, () => new Lane(lane));
  }

  /** Whether there may be more to read. */
  get hasNext(): boolean {
    return this.#hasNext;
  }

  /** Whether nothing more can be read of it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether it has ended, and all its records are done: then its children may begin. */
  get finished(): boolean {
    return this.#ended && this.lanes.every(({ isDone }) => isDone);
  }

  /** Nothing more can be read of it: it was closed, and has been read to its end, or the stream no longer has it. */
  end(): void {
    this.#ended = true;
    for (const lane of this.lanes) lane.end();
  }

  /** How many records were read and are not done. */
  get held(): number {
    return this.lanes.reduce((sum, { size }) => sum + size, 0);
  }

  /** Adds a record to the lane of its partition key. */
  add(record: StreamRecord): void {
    this.#laneOf(record).add(record);
  }

  /** The lane of a record: of all records with its partition key. */
  #laneOf({ partitionKey }: StreamRecord): Lane {
    const index = Number.parseInt(hash('md5', partitionKey).slice(0, 8), 16) % this.lanes.length;
    return this.lanes[index] as Lane;
  }

  /**
   * Reads the next records, which are to be added where they match, and then the shard ended where `hasNext` says so.
   *
   * @throws the stream's error when it refuses: the next read goes on after the last record that came
   */
  async read(limit: number): Promise<readonly StreamRecord[]> {
    try {
      const position = this.#last === undefined ? this.#from : { after: this.#last };
      const iterator = this.#iterator ?? (await this.#reader.iterator(this.shard.id, position));
      const { records, next } = await this.#reader.read(this.shard.id, iterator, limit);
      this.#iterator = next;
      this.#last = records.at(-1)?.sequenceNumber ?? this.#last;
      this.#hasNext = next !== undefined;
      return records;
    } catch (error) {
      // The iterator may be too old.
      this.#iterator = undefined;
      throw error;
    }
  }
}
