import { judge, type Verdict } from './batch-response.ts';
import type { PollerClock } from './clock.ts';
import type { DiscardCondition, DiscardedBatch } from './failure-destination.ts';
import type { StreamMapping, TableMapping } from './mapping.ts';
import { MAX_EVENT_BYTES } from './payload.ts';
import type { StreamRecord } from './stream-reader.ts';
import type { Observer } from './trouble.ts';

export interface LaneOptions {
  readonly source: string;
  readonly shardId: string;
  readonly mapping: StreamMapping | TableMapping;
  readonly clock: PollerClock;
  readonly observer: Observer;
  /** Milliseconds to wait after the n-th failure in a row, counted from 1. */
  readonly retryDelay: (failures: number) => number;
  /** Tells the failure destination, if there is one. */
  readonly discard: (batch: DiscardedBatch) => Promise<void>;
}

/** Records that are handled together, and go on before any that came later. */
interface Batch {
  readonly records: readonly StreamRecord[];
  /** Failures that count towards the retry quota. */
  readonly failures: number;
  readonly invocations: number;
  /** Milliseconds since the epoch before which it is not tried. */
  readonly notBefore: number;
  /** Why it is given up, where only its destination is left to be told. */
  readonly given?: DiscardCondition;
}

/**
 * One of the sequences in which a shard's records are handled: batch after batch, and a batch that fails is tried again,
 * halved or discarded before the next.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-polling-and-batching.html
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting: StreamRecord[] = [];
  #waitingSince = 0;
  #retries: Batch[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** How many records it holds. */
  get size(): number {
    return this.#waiting.length + this.#retries.reduce((sum, { records }) => sum + records.length, 0);
  }

  add(record: StreamRecord): void {
    if (this.#waiting.length === 0) this.#waitingSince = this.#options.clock.now();
    this.#waiting.push(record);
  }

  /** When the next batch may be handled, in milliseconds since the epoch; `undefined` when there is none. */
  get due(): number | undefined {
    const [retry] = this.#retries;
    if (retry) return retry.notBefore;
    if (this.#waiting.length === 0) return undefined;
    const { batchSize = 100, maxBatchingWindow = 0 } = this.#options.mapping;
    return this.#waiting.length >= batchSize ? 0 : this.#waitingSince + maxBatchingWindow;
  }

  /** Handles the next batch, if one is due; answers whether one was. Never throws. */
  async turn(): Promise<boolean> {
    const { due } = this;
    if (due === undefined || due > this.#options.clock.now()) return false;
    const batch = this.#retries.shift() ?? this.#newBatch();
    const next = batch.given ? await this.#discard(batch, batch.given) : await this.#handleYoung(batch);
    this.#retries.unshift(...next);
    return true;
  }

  #newBatch(): Batch {
    const { batchSize = 100 } = this.#options.mapping;
    let bytes = 0;
    let count = 0;
    for (const { event } of this.#waiting) {
      bytes += Buffer.byteLength(JSON.stringify(event));
      if (count > 0 && (count === batchSize || bytes > MAX_EVENT_BYTES)) break;
      count += 1;
    }
    return { records: this.#waiting.splice(0, count), failures: 0, invocations: 0, notBefore: 0 };
  }

  /** What must be handled next in place of the batch. Records that are too old are given up first. */
  async #handleYoung(batch: Batch): Promise<Batch[]> {
    const { clock, mapping } = this.#options;
    const { maxRecordAge = -1 } = mapping;
    if (maxRecordAge < 0) return this.#handle(batch);
    const oldest = clock.now() - maxRecordAge;
    const tooOld = batch.records.filter(({ arrivedAt }) => arrivedAt < oldest);
    if (tooOld.length === 0) return this.#handle(batch);
    const others = batch.records.filter(({ arrivedAt }) => arrivedAt >= oldest);
    const refused = await this.#discard({ ...batch, records: tooOld }, 'RecordAgeExceeded');
    return others.length > 0 ? [...refused, { ...batch, records: others }] : refused;
  }

  async #handle(batch: Batch): Promise<Batch[]> {
    const { mapping, observer, source } = this.#options;
    const ids = batch.records.map(({ sequenceNumber }) => sequenceNumber);
    let verdict: Verdict;
    let thrown: { readonly error?: unknown } = {};
    try {
      const answer = await mapping.invoke({ Records: batch.records.map(({ event }) => event) });
      verdict = judge(answer, new Set(ids), mapping.reportBatchItemFailures ?? false);
    } catch (error) {
      verdict = 'failed';
      thrown = { error };
    }
    // The first that failed is the checkpoint: what comes after it is handled again, even what has succeeded.
    const checkpoint = verdict === 'succeeded' ? ids.length : verdict === 'failed' ? 0 : firstOf(ids, verdict);
    observer.invoked?.({ source, records: ids.length, failed: ids.length - checkpoint, ...thrown });
    if (checkpoint === ids.length) return [];
    const left = { ...batch, records: batch.records.slice(checkpoint), invocations: batch.invocations + 1 };
    return this.#afterFailure(left, checkpoint > 0);
  }

  /** @param isShorter whether the batch has lost the records before a checkpoint, and so is split already */
  async #afterFailure(batch: Batch, isShorter: boolean): Promise<Batch[]> {
    const { clock, mapping, retryDelay } = this.#options;
    const { retryAttempts = -1, bisectBatchOnError = false } = mapping;
    const { records, invocations } = batch;
    const notBefore = clock.now() + retryDelay(invocations);
    // A split does not count towards the retry quota.
    if (bisectBatchOnError && isShorter) return [{ ...batch, notBefore }];
    if (bisectBatchOnError && records.length > 1) {
      const middle = Math.ceil(records.length / 2);
      return [
        { ...batch, records: records.slice(0, middle), notBefore },
        { ...batch, records: records.slice(middle), notBefore: 0 },
      ];
    }
    const failures = batch.failures + 1;
    if (retryAttempts >= 0 && failures > retryAttempts) return this.#discard(batch, 'RetryAttemptsExhausted');
    return [{ ...batch, failures, notBefore }];
  }

  /** Nothing is left of the batch once its destination knows. */
  async #discard(batch: Batch, condition: DiscardCondition): Promise<Batch[]> {
    const { clock, discard, observer, retryDelay, shardId, source } = this.#options;
    const { records, invocations } = batch;
    try {
      await discard({ condition, shardId, records, invocations, at: clock.now() });
      observer.discarded?.({ source, records: records.length, condition });
      return [];
    } catch (error) {
      observer.troubled?.({ source, step: 'discard', error });
      return [{ ...batch, given: condition, notBefore: clock.now() + retryDelay(1) }];
    }
  }
}

function firstOf(ids: readonly string[], failed: ReadonlySet<string>): number {
  return ids.findIndex((id) => failed.has(id));
}
