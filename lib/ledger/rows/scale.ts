import { type LedgerKey, SCALE_PREFIX } from './layout.ts';

/** What one reading of a backlog says: that more has to be taken on at once, or less, or that all may stay. */
export type Verdict = 'up' | 'down' | 'hold';

/** How much a subscriber is to take on at once. Moments are milliseconds since the epoch. */
export interface Scaled {
  /** Invocations at once, by shard where it reads a stream. */
  readonly concurrency: number;
  /** What the last reading said, and when it was taken. */
  readonly verdict: Verdict;
  readonly at: number;
  /** When `concurrency` changed last. */
  readonly changedAt?: number;
}

/** The scaler's row of a subscriber. There is none before the first reading. */
export interface ScaleRow extends LedgerKey, Scaled {
  /** Between how many invocations at once it scales. */
  readonly min?: number;
  readonly max?: number;
  /** Grows with each reading that is written: a row is written on condition that nobody wrote another. */
  readonly rev: number;
  /** To what the controller has set the event source; absent where that has to be looked at again. */
  readonly applied?: number;
  /** When the controller was asked last. */
  readonly askedAt?: number;
  /** Of a stream whose shards scale: how many are wanted, absent where those that were deployed do, and to how many it was set. */
  readonly shards?: number;
  readonly shardsApplied?: number;
  /** When shards were wanted anew, within a day: Kinesis takes 10 changes in one. */
  readonly resharded?: readonly number[];
}

/** Where it is written how much a subscriber is to take on at once. */
export function scaleKey(subscriber: string): LedgerKey {
  return { pk: `${SCALE_PREFIX}${subscriber}`, sk: 'scale' };
}

/** What came to a subscriber by the hour, as far as the radar has counted the business lines that it consumes. */
export interface HistoryRow extends LedgerKey {
  /** The first hour, in hours since the epoch. */
  readonly from: number;
  /** Messages of that hour and of each one after it, of two weeks at most. */
  readonly counts: readonly number[];
}

/** Where it is written what came to a subscriber by the hour. */
export function historyKey(subscriber: string): LedgerKey {
  return { ...scaleKey(subscriber), sk: 'history' };
}
