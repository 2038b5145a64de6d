import { bucket, type Expiring, INBOX_PREFIX, type LedgerKey } from './layout.ts';

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
  /** Of a `dead` row: the first frame of its handler's error, e.g. `at pay (file:///var/task/index.mjs:3:14)`. */
  readonly at?: string;
  /** When its handler used its transaction though it had returned, in milliseconds since the epoch: that had no effect. */
  readonly late?: number;
  /** The operation that had sent it again; absent where none had. */
  readonly redrive?: string;
  /** Of a `dead` row: the message that was published anew in the place of this one, which had expired. */
  readonly republished?: string;
  /** The function and the request that ended it. */
  readonly ended: { readonly function: string; readonly request: string };
}

/**
 * How a message ended at a subscriber. `cancelled`: its producer cancelled it before it was handled there. `abandoned`: the
 * subscriber was removed before.
 */
export type EndState = 'handled' | 'duplicate' | 'dead' | 'cancelled' | 'abandoned';

/** When each hop happened, in milliseconds since the epoch. */
export interface Hops {
  readonly committed: number;
  /** Of a delayed message: the moment of its delivery. */
  readonly due?: number;
  readonly relayed?: number;
  readonly received: number;
  readonly ended: number;
}

/** Where it is written how the message ended at a subscriber. */
export function inboxKey(subscriber: string, id: string): LedgerKey {
  return { pk: `${INBOX_PREFIX}${subscriber}#${bucket(id)}`, sk: id };
}

/** A key among a subscriber's inbox rows at which there never is one: for who reads to have read. */
export function noInboxKey(subscriber: string): LedgerKey {
  return { pk: `${INBOX_PREFIX}${subscriber}#`, sk: 'none' };
}

/** The partition of the messages of a minute and shard that ended at a subscriber. */
export function inboxPartition(subscriber: string, minute: string, shard: number): string {
  return `${INBOX_PREFIX}${subscriber}#${minute}#${shard}`;
}
