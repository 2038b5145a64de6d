import type { PollerClock } from './clock.ts';
import { InvalidMapping } from './errors.ts';
import type { DiscardedBatch } from './failure-destination.ts';
import { matchesAny } from './filter.ts';
import type { Lane } from './lane.ts';
import { nameOf, type StreamMapping, type TableMapping } from './mapping.ts';
import { ShardProgress } from './shard-progress.ts';
import type { Shard, StreamReader } from './stream-reader.ts';
import type { Observer } from './trouble.ts';

export interface StreamSourceOptions {
  readonly mapping: StreamMapping | TableMapping;
  readonly reader: StreamReader;
  readonly clock: PollerClock;
  readonly observer: Observer;
  readonly retryDelay: (failures: number) => number;
  readonly discard: (batch: DiscardedBatch) => Promise<void>;
}

/** Milliseconds after which shards are listed again, though none has ended. */
const LISTING_INTERVAL_MS = 10_000;

/** The event source of a stream: reads its shards, parents to their end before their children, into lanes that handle them. */
export class StreamSource {
  readonly name: string;
  readonly #options: StreamSourceOptions;
  readonly #shards = new Map<string, ShardProgress>();
  #listAt = Number.NEGATIVE_INFINITY;

  constructor(options: StreamSourceOptions) {
    this.name = nameOf(options.mapping);
    this.#options = options;
  }

  get lanes(): readonly Lane[] {
    return [...this.#shards.values()].flatMap(({ lanes }) => lanes);
  }

  /** How many records were read and are not done; an open window counts as one. */
  get held(): number {
    return this.lanes.reduce((sum, { size, isDone }) => sum + Math.max(size, isDone ? 0 : 1), 0);
  }

  /** When something that was read may be handled, in milliseconds since the epoch; `undefined` when there is nothing. */
  get due(): number | undefined {
    const moments = this.lanes.map(({ due }) => due).filter((due) => due !== undefined);
    return moments.length > 0 ? Math.min(...moments) : undefined;
  }

  /** Reads what has come, as far as there is room for it; answers whether there was anything. */
  async read(): Promise<boolean> {
    const { clock } = this.#options;
    if (clock.now() >= this.#listAt) await this.#list();
    const active = [...this.#shards.values()].filter((progress) => !progress.ended && this.#mayBegin(progress.shard));
    const read = await Promise.all(active.map((progress) => this.#readShard(progress)));
    return read.includes(true);
  }

  async #list(): Promise<void> {
    const { clock, mapping, observer, reader, retryDelay, discard } = this.#options;
    const isFirst = this.#shards.size === 0;
    try {
      const shards = await reader.shards();
      for (const shard of shards) {
        if (this.#shards.has(shard.id)) continue;
        // A shard that came later is a child of one that was there: none of its records may be missed.
        const from = isFirst ? (mapping.startingPosition ?? 'TRIM_HORIZON') : 'TRIM_HORIZON';
        const { streamArn } = reader;
        const lane = { source: this.name, streamArn, shardId: shard.id, mapping, clock, observer, retryDelay, discard };
        this.#shards.set(shard.id, new ShardProgress(shard, reader, from, lane));
      }
      this.#forgetTrimmed(shards);
      if (shards.length > 0) this.#listAt = clock.now() + LISTING_INTERVAL_MS;
    } catch (error) {
      observer.troubled?.({ source: this.name, step: 'list shards', error });
    }
  }

  /** Shards that the stream itself no longer knows have ended, read or not, and are forgotten once they are done. */
  #forgetTrimmed(shards: readonly Shard[]): void {
    const known = new Set(shards.map(({ id }) => id));
    for (const [id, progress] of this.#shards) {
      if (known.has(id)) continue;
      progress.end();
      if (progress.finished) this.#shards.delete(id);
    }
  }

  #mayBegin({ parents }: Shard): boolean {
    return parents.every((id) => this.#shards.get(id)?.finished ?? true);
  }

  async #readShard(progress: ShardProgress): Promise<boolean> {
    const { mapping, observer } = this.#options;
    const room = (mapping.batchSize ?? 100) * (mapping.parallelizationFactor ?? 1) - progress.held;
    if (room <= 0) return false;
    try {
      const records = await progress.read(room);
      for (const record of records) {
        if (matchesAny(record.filterable(), mapping.filters)) progress.add(record);
      }
      if (!progress.hasNext) {
        this.#listAt = Number.NEGATIVE_INFINITY;
        progress.end();
      }
      return records.length > 0 || progress.ended;
    } catch (error) {
      if (error instanceof InvalidMapping) throw error;
      observer.troubled?.({ source: this.name, step: 'read', error });
      return false;
    }
  }
}
