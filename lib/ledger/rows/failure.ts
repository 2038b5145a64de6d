import { bucket, type Expiring, FAILURE_PREFIX, type LedgerKey } from './layout.ts';

/** The failed attempts of a message at a subscriber. */
export interface FailureRow extends LedgerKey, Expiring {
  readonly attempts: number;
  /** The last error's code or class, and its message. */
  readonly reason: string;
  readonly detail: string;
  /** The operation that had sent it again before it failed last; absent where none had. */
  readonly redrive?: string;
  /** Milliseconds since the epoch. */
  readonly next: number;
}

/** Where a subscriber's failed attempts at the message are counted. */
export function failureKey(subscriber: string, id: string): LedgerKey {
  return { pk: `${FAILURE_PREFIX}${subscriber}#${bucket(id)}`, sk: id };
}
