import { type Expiring, type LedgerKey, REDRIVE_PREFIX } from './layout.ts';

/** What a redrive sends again at its subscriber. */
export type RedriveSelection =
  /** What is dead: all of it, what died of one cause, or single ones by their ids. */
  | { readonly kind: 'dead'; readonly cause?: string; readonly ids?: readonly string[] }
  /** What was committed from a moment until another and has not ended, or is dead: milliseconds since the epoch. */
  | { readonly kind: 'range'; readonly from: number; readonly to: number };

/**
 * - `canary`: the first wave is out.
 * - `ramping`: waves grow.
 * - `sweeping`: everything was sent; letters of what has ended are taken out of the dead-letter queue.
 * - `stopped`: by a relapse, by an operator, or since its time is up. It may be resumed.
 * - `done`: all that it was to send has ended.
 */
export type RedriveState = 'canary' | 'ramping' | 'sweeping' | 'stopped' | 'done';

/** Messages that are out, in the wave that is waited for. */
export interface RedriveWave {
  /** Messages that the next wave may have. */
  readonly size: number;
  /** Messages that were sent. */
  readonly sent: number;
  /** The ids of those that have neither ended nor relapsed. */
  readonly open: readonly string[];
  readonly relapsed: number;
  /** When they were sent, in milliseconds since the epoch. */
  readonly at: number;
}

/** An operation that sends what is dead or missing at a subscriber again, in waves. */
export interface RedriveRow extends LedgerKey, Expiring {
  readonly subscriber: string;
  readonly operation: string;
  readonly state: RedriveState;
  /** Of a stopped one: why. */
  readonly reason?: 'relapse' | 'operator' | 'time';
  readonly selection: RedriveSelection;
  /** What died later is not sent: milliseconds since the epoch. */
  readonly upTo: number;
  /** Messages of the first wave, and the factor by which waves grow. */
  readonly canary: number;
  readonly ramp: number;
  /** Messages a second, at most. */
  readonly maxRate: number;
  /** Relapses at which it stops: so many, and so large a share of a wave. */
  readonly relapse: { readonly share: number; readonly atLeast: number };
  /** When it stops at the latest, in milliseconds since the epoch. */
  readonly until?: number;
  /** Whether what has expired is published anew, for this subscriber alone. */
  readonly republish?: boolean;
  /** Whether what was overtaken in the order of its key is handled all the same. */
  readonly outOfOrder?: boolean;
  /** How many shards the ledger had when it began. */
  readonly shards: number;
  /** How far it has come: the partition, and the last sort key that was sent. */
  readonly cursor: { readonly partition: number; readonly after?: string };
  readonly wave: RedriveWave;
  readonly waves: number;
  readonly sent: number;
  readonly handled: number;
  readonly relapsed: number;
  /** Messages that have expired, or are in the outbox no more, and records that are no messages: they were not sent. */
  readonly refused: number;
  /** Records among these that are no messages. Absent in rows that were written before they were counted. */
  readonly unreadable?: number;
  /** Why it does not go on for now: what its worker failed with, or that a circuit is open. Absent while it goes on. */
  readonly waits?: string;
  /** Letters that were taken out of the dead-letter queue. */
  readonly swept: number;
  /** When it began, and when the row was written last, in milliseconds since the epoch. */
  readonly started: number;
  readonly written: number;
  /** Counts the writes of the row, so that none is made over one that was not read. */
  readonly revision: number;
  /** Who works on it, and until when nobody else does, in milliseconds since the epoch. */
  readonly owner?: string;
  readonly leased?: number;
}

/** Where an operation lies. */
export function redriveKey(subscriber: string, operation: string): LedgerKey {
  return { pk: `${REDRIVE_PREFIX}${subscriber}`, sk: operation };
}

/** The partition of the operations that run. */
export const RUNNING_REDRIVES = 'redrive';

/** Where it is written which operation runs at a subscriber: one at a time. */
export function runningKey(subscriber: string): LedgerKey {
  return { pk: RUNNING_REDRIVES, sk: subscriber };
}

/** Which operation runs at a subscriber. */
export interface RunningRow extends LedgerKey {
  readonly operation: string;
}

/** What wakes the worker of an operation, in the forward queue. */
export interface RedriveNotice {
  readonly redrive: { readonly subscriber: string; readonly operation: string };
}
