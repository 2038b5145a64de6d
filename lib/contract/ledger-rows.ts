import type { LedgerKey } from './ledger-keys.ts';

/** How a message ended at a subscriber. `cancelled`: its producer took it back before it was handled there. */
export type EndState = 'handled' | 'duplicate' | 'dead' | 'cancelled';

/** Attributes by which every row of the ledger that DynamoDB may clean up expires, in seconds since the epoch. */
interface Expiring {
  readonly ttl: number;
}

/** A message as committed with the business change. */
export interface OutboxRow extends LedgerKey, Expiring {
  /** The envelope's JSON text. */
  readonly envelope: string;
  /**
   * Of a message that its producer sends itself, past the relay: `pending` until the broker has it, then `sent`. Absent on
   * what the relay sends.
   */
  readonly sending?: 'pending' | 'sent';
  /** Of a message that was taken back: when, in milliseconds since the epoch. */
  readonly cancelled?: number;
  /** Of a message that was rescheduled: the id of the message in its place. */
  readonly replacedBy?: string;
}

/** A delayed message that waits to be sent. The message itself lies in its outbox row. */
export type DueRow = LedgerKey & Expiring;

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

/** A subscriber's proof of how a message ended there. */
export interface InboxRow extends LedgerKey, Expiring {
  readonly state: EndState;
  readonly type: string;
  readonly hops: Hops;
  /** Deliveries until it ended, the last one included, as far as the transport counts them. */
  readonly attempts: number;
  /** Ids of the messages published in the same transaction. */
  readonly published?: readonly string[];
  /** Of a `dead` row: the error's code. */
  readonly reason?: string;
  /** Of a `dead` row: the error's message. */
  readonly detail?: string;
  /** The function and the request that ended it. */
  readonly ended: { readonly function: string; readonly request: string };
}

/** When each hop happened, in milliseconds since the epoch. */
export interface Hops {
  readonly committed: number;
  /** Of a delayed message: the moment of its delivery. */
  readonly due?: number;
  readonly relayed?: number;
  readonly received: number;
  readonly ended: number;
}

/** Which message took an idempotency key. */
export interface OnceRow extends LedgerKey, Expiring {
  readonly message: string;
  /** Milliseconds since the epoch; afterwards the key may be taken again, whether or not the row is still there. */
  readonly until: number;
}

/** The failed attempts of a message at a subscriber. */
export interface FailureRow extends LedgerKey, Expiring {
  readonly attempts: number;
  /** The last error's code or class, and its message. */
  readonly reason: string;
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly next: number;
}

/** What one relayed batch carried where. Read only when something is missing. */
export interface ReceiptRow extends LedgerKey, Expiring {
  readonly sent: readonly { readonly to: string; readonly ids: Uint8Array }[];
}

/** Inbox rows outlive `expires` by this, so that no message can come after its row has gone. */
export const INBOX_AFTERLIFE = 3 * 86_400_000;
