import { bucket, type Expiring, HALF_PREFIX, type LedgerKey } from './layout.ts';

/** A message whose producer has not decided yet whether it takes effect. Its message id is minted at the decision. */
export interface HalfRow extends LedgerKey, Expiring {
  readonly state: 'prepared' | 'committed' | 'rolledBack';
  /** The id of the producer's local transaction. */
  readonly transaction: string;
  /** The envelope's JSON text, with the half id for its id. */
  readonly envelope: string;
  /** The URL of the queue whose consumer asks the producer for its decision. */
  readonly checkBackQueue: string;
  /** Of a `committed` row: the id of the message. */
  readonly message?: string;
  /**
   * Milliseconds since the epoch: when its producer did not know, or reconciliation had it asked. Brought up to date hourly
   * at most while somebody asks; absent where nobody has, and where the first answer decided.
   */
  readonly asked?: number;
  /** Milliseconds since the epoch: since when nobody asks any more, until somebody decides. */
  readonly quarantined?: number;
}

/** Where a half message lies: its id is minted like a message id, when it is prepared. */
export function halfKey(halfId: string): LedgerKey {
  return { pk: `${HALF_PREFIX}${bucket(halfId)}`, sk: halfId };
}

/** The partition of the half messages that were prepared in a minute and shard. */
export function halfPartition(minute: string, shard: number): string {
  return `${HALF_PREFIX}${minute}#${shard}`;
}
