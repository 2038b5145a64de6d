import { judge, type Verdict } from './batch-response.ts';
import type { PollerClock } from './clock.ts';
import type { DiscardCondition, DiscardedBatch } from './failure-destination.ts';
import type { StreamMapping, TableMapping } from './mapping.ts';
import { MAX_EVENT_BYTES } from './payload.ts';
import type { StreamRecord } from './stream-reader.ts';
import type { Observer } from './trouble.ts';
import { stateIn, TumblingWindow } from './tumbling-window.ts';

export interface LaneOptions {
  readonly source: string;
  readonly streamArn: string;
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
  /** Whether it is the final invocation of a window, which has no records. */
  readonly closes?: boolean;
}

const FRESH = { failures: 0, invocations: 0, notBefore: 0 } as const;

/**
 * One of the sequences in which a shard's records are handled: batch after batch, and a batch that fails is tried again,
 * halved or discarded before the next.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-polling-and-batching.html
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting: StreamRecord[] = [];
  readonly #window: TumblingWindow | undefined;
  #waitingSince = 0;
  #hasEnded = false;
  #retries: Batch[] = [];
  /** The batch that is being handled. */
  #current: Batch | undefined;

  constructor(options: LaneOptions) {
    const { tumblingWindow = 0 } = options.mapping;
    this.#options = options;
    this.#window = tumblingWindow > 0 ? new TumblingWindow(tumblingWindow) : undefined;
  }

  /** How many records it holds, those that are being handled too. */
  get size(): number {
    const batches = this.#current ? [this.#current, ...this.#retries] : this.#retries;
    return this.#waiting.length + batches.reduce((sum, { records }) => sum + records.length, 0);
  }

  /** Whether there is nothing left to do for what was added. */
  get isDone(): boolean {
    return this.size === 0 && !this.#window?.isOpen;
  }

  add(record: StreamRecord): void {
    if (this.#waiting.length === 0) this.#waitingSince = this.#options.clock.now();
    this.#waiting.push(record);
  }

  /** No record will be added any more. */
  end(): void {
    this.#hasEnded = true;
  }

  /** When the next batch may be handled, in milliseconds since the epoch; `undefined` when there is none. */
  get due(): number | undefined {
    const [retry] = this.#retries;
    if (retry) return retry.notBefore;
    const [next] = this.#waiting;
    if (!next) return this.#window?.isOpen ? this.#windowDue(this.#window) : undefined;
    const { batchSize = 100, maxBatchingWindow = 0 } = this.#options.mapping;
    const isFull = this.#waiting.length >= batchSize || this.#window?.takes(next) === false;
    return isFull ? 0 : this.#waitingSince + maxBatchingWindow;
  }

  /** Handles the next batch, if one is due; answers whether one was. Never throws. */
  async turn(): Promise<boolean> {
    const { due } = this;
    if (due === undefined || due > this.#options.clock.now()) return false;
    const batch = this.#retries.shift() ?? this.#newBatch();
    this.#current = batch;
    const next = batch.given ? await this.#discard(batch, batch.given) : await this.#handleYoung(batch);
    this.#current = undefined;
    this.#retries.unshift(...next);
    return true;
  }

  #windowDue({ overAt }: TumblingWindow): number {
    return this.#hasEnded ? 0 : overAt;
  }

  #newBatch(): Batch {
    const { batchSize = 100 } = this.#options.mapping;
    const [first] = this.#waiting;
    if (!first || this.#window?.takes(first) === false) return { ...FRESH, records: [], closes: true };
    this.#window?.open(first);
    let bytes = 0;
    let count = 0;
    for (const record of this.#waiting) {
      bytes += Buffer.byteLength(JSON.stringify(record.event));
      if (count > 0 && (count === batchSize || bytes > MAX_EVENT_BYTES)) break;
      if (this.#window?.takes(record) === false) break;
      count += 1;
    }
    return { ...FRESH, records: this.#waiting.splice(0, count) };
  }

  /** The records to handle next in place of the batch. Records that are too old are given up first. */
  async #handleYoung(batch: Batch): Promise<Batch[]> {
    const { clock, mapping } = this.#options;
    const { maxRecordAge = -1, retention = Number.POSITIVE_INFINITY } = mapping;
    if (batch.closes) return this.#handle(batch);
    const older = (age: number) => (record: StreamRecord) => record.arrivedAt < clock.now() - age;
    const [isExpired, isOld] = [older(retention), older(maxRecordAge < 0 ? Number.POSITIVE_INFINITY : maxRecordAge)];
    const left = batch.records.filter((record) => !isExpired(record) && !isOld(record));
    if (left.length === batch.records.length) return this.#handle(batch);
    const refused: Batch[] = [];
    for (const [condition, is] of [
      ['RecordExpired', isExpired],
      ['RecordAgeExceeded', (record: StreamRecord) => isOld(record) && !isExpired(record)],
    ] as const) {
      const records = batch.records.filter(is);
      if (records.length > 0) refused.push(...(await this.#discard({ ...batch, records }, condition)));
    }
    return left.length > 0 ? [...refused, { ...batch, records: left }] : refused;
  }

  async #handle(batch: Batch): Promise<Batch[]> {
    const { mapping, observer, source } = this.#options;
    const ids = batch.records.map(({ sequenceNumber }) => sequenceNumber);
    let verdict: Verdict;
    let state: object | undefined;
    let thrown: { readonly error?: unknown } = {};
    try {
      const answer = await mapping.invoke(this.#event(batch));
      state = this.#window && stateIn(answer);
      const lacksState = this.#window !== undefined && !batch.closes && state === undefined;
      verdict = lacksState ? 'failed' : judge(answer, new Set(ids), mapping.reportBatchItemFailures ?? false);
    } catch (error) {
      verdict = 'failed';
      thrown = { error };
    }
    if (batch.closes) return this.#afterClosing(batch, verdict, thrown);
    // The first that failed is the checkpoint: what comes after it is handled again, even what has succeeded.
    const checkpoint = verdict === 'succeeded' ? ids.length : verdict === 'failed' ? 0 : firstOf(ids, verdict);
    observer.invoked?.({ source, records: ids.length, failed: ids.length - checkpoint, ...thrown });
    if (state && checkpoint > 0) this.#window?.keep(state);
    const closing = this.#window?.isTooLarge ? [{ ...FRESH, records: [], closes: true }] : [];
    if (checkpoint === ids.length) return closing;
    const left = { ...batch, records: batch.records.slice(checkpoint), invocations: batch.invocations + 1 };
    return [...closing, ...(await this.#afterFailure(left, checkpoint > 0))];
  }

  #event({ records, closes = false }: Batch): object {
    const { shardId, streamArn } = this.#options;
    const Records = records.map(({ event }) => event);
    if (!this.#window) return { Records };
    return { Records, ...this.#window.fields(closes), shardId, eventSourceARN: streamArn };
  }

  /** Nothing goes on before a window's final invocation has succeeded. */
  #afterClosing(batch: Batch, verdict: Verdict, thrown: { readonly error?: unknown }): Batch[] {
    const { clock, observer, retryDelay, source } = this.#options;
    observer.invoked?.({ source, records: 0, failed: 0, ...thrown });
    const invocations = batch.invocations + 1;
    if (verdict === 'failed') return [{ ...batch, invocations, notBefore: clock.now() + retryDelay(invocations) }];
    this.#window?.close();
    return [];
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

  /** Nothing is left of the batch once its destination knows; what the stream has lost, nobody is told of. */
  async #discard(batch: Batch, condition: DiscardCondition): Promise<Batch[]> {
    const { clock, discard, observer, retryDelay, shardId, source } = this.#options;
    const { records, invocations } = batch;
    try {
      if (condition !== 'RecordExpired') await discard({ condition, shardId, records, invocations, at: clock.now() });
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
