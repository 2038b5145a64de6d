import { isMessageId, messageShard } from '../../message/message-id.ts';
import { DEAD_PREFIX, type Expiring, type LedgerKey } from './layout.ts';

/** That a message is dead at a subscriber, or a record that is no message: what an operator lists and sends again. */
export interface DeadRow extends LedgerKey, Expiring {
  /** Groups what died alike: see `causeOf`. */
  readonly cause: string;
  /** The error's code. */
  readonly reason: string;
  /** The error's message. */
  readonly detail: string;
  /** The business key; absent where the record could not be decoded. */
  readonly key?: string;
  /** The event type; absent where the record could not be decoded. */
  readonly type?: string;
}

/** What is dead, and when it died. */
export interface Death {
  /** The message id; of a record that could not be decoded, the digest of its bytes. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly died: number;
}

/** Where it is written that something is dead at a subscriber: the rows of a shard are in the order of the deaths. */
export function deadKey(subscriber: string, { id, died }: Death, shards: number): LedgerKey {
  return { pk: deadPartition(subscriber, shardOf(id, shards)), sk: `${new Date(died).toISOString()}#${id}` };
}

/** The partition of what is dead at a subscriber, by shard. */
export function deadPartition(subscriber: string, shard: number): string {
  return `${DEAD_PREFIX}${subscriber}#${shard}`;
}

/** What a `deadKey` says. */
export function readDeadKey({ sk }: Pick<LedgerKey, 'sk'>): Death {
  const end = sk.indexOf('#');
  return { id: sk.slice(end + 1), died: Date.parse(sk.slice(0, end)) };
}

/** A message's shard is in its id. A digest is spread over those of the ledger. */
function shardOf(id: string, shards: number): number {
  const isMessage: boolean = isMessageId(id);
  return isMessage ? messageShard(id) : Number.parseInt(id.slice(0, 8), 16) % shards;
}
