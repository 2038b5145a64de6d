import { messageShard } from '../../message/message-id.ts';
import { DUE_PREFIX, type Expiring, type LedgerKey } from './layout.ts';

/** A delayed message that waits to be sent. The message itself lies in its outbox row. */
export type DueRow = LedgerKey & Expiring;

/** Where a delayed message waits to be sent, in the order of the moments. */
export function dueKey(id: string, deliverAt: number): LedgerKey {
  return { pk: duePartition(messageShard(id)), sk: `${new Date(deliverAt).toISOString()}#${id}` };
}

/** The partition of a shard's delayed messages. */
export function duePartition(shard: number): string {
  return `${DUE_PREFIX}${shard}`;
}

/** What a `dueKey` says: which message, and when, in milliseconds since the epoch. */
export function readDueKey({ sk }: Pick<LedgerKey, 'sk'>): { readonly id: string; readonly deliverAt: number } {
  const end = sk.indexOf('#');
  return { id: sk.slice(end + 1), deliverAt: Date.parse(sk.slice(0, end)) };
}
