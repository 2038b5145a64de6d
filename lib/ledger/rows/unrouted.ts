import type { Expiring, LedgerKey } from './layout.ts';

/**
 * That messages of an event type wait for a first subscriber, and how far they were sent to it. One row per event type:
 * it is written with the first such message, and the sweep writes into it once the event type has a route.
 */
export interface UnroutedTypeRow extends LedgerKey {
  /** When the backfill began, in milliseconds since the epoch. */
  readonly began?: number;
  /** The last bucket that was sent: a sort key of `UnroutedRow`. */
  readonly upTo?: string;
  /** When the last bucket was sent, in milliseconds since the epoch. */
  readonly done?: number;
  /** Messages that were sent. */
  readonly sent?: number;
}

/** That a bucket holds messages of an event type that had no route when they were relayed. */
export interface UnroutedRow extends LedgerKey, Expiring {
  /** When it was written, in milliseconds since the epoch. */
  readonly at: number;
}

/** The partition of all event types of which messages wait for a first subscriber, or did. */
export const UNROUTED_TYPES = 'unrouted';

/** Where it is written that messages of an event type wait. */
export function unroutedTypeKey(type: string): LedgerKey {
  return { pk: UNROUTED_TYPES, sk: type };
}

/** Where it is written that messages of an event type wait in a bucket: `<minute>#<shard>`. */
export function unroutedKey(type: string, bucket: string): LedgerKey {
  return { pk: unroutedPartition(type), sk: bucket };
}

/** The partition of the buckets in which messages of an event type wait. */
export function unroutedPartition(type: string): string {
  return `${UNROUTED_TYPES}#${type}`;
}
