import { messageShard } from '../../message/message-id.ts';
import { type LedgerKey, OPEN_PREFIX } from './layout.ts';

/** Where the case of a message lies that is overdue at a subscriber. */
export function openKey(id: string, subscriber: string): LedgerKey {
  return { pk: openPartition(messageShard(id)), sk: `${id}#${subscriber}` };
}

/** The partition of the open cases of a shard. */
export function openPartition(shard: number): string {
  return `${OPEN_PREFIX}${shard}`;
}
