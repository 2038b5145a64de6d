import { type Envelope, encodeEnvelope } from '../../message/envelope.ts';
import { bucket, type Expiring, INBOX_AFTERLIFE, type LedgerKey, OUTBOX_PREFIX } from './layout.ts';

/** A message as committed with the business change. */
export interface OutboxRow extends LedgerKey, Expiring {
  /** The envelope's JSON text. */
  readonly envelope: string;
  /** The event type, as reconciliation reads it. Absent on rows of version 0.1 and earlier: what says less is read whole. */
  readonly type?: string;
  /** The business line. */
  readonly line?: string;
  /** Of a delayed message: when it is to be delivered (RFC 3339, UTC). */
  readonly deliverat?: string;
  /**
   * Of a message that its producer sends itself, past the relay: `pending` until the broker has it, then `sent`. Absent on
   * what the relay sends.
   */
  readonly sending?: 'pending' | 'sent';
  /** Of a message that was cancelled: when, in milliseconds since the epoch. */
  readonly cancelled?: number;
  /** Of a message that was rescheduled: the id of the message in its place. */
  readonly replacedBy?: string;
}

/** Where the message itself lies. */
export function outboxKey(id: string): LedgerKey {
  return { pk: `${OUTBOX_PREFIX}${bucket(id)}`, sk: id };
}

/** The partition of the messages committed in a minute and shard. */
export function outboxPartition(minute: string, shard: number): string {
  return `${OUTBOX_PREFIX}${minute}#${shard}`;
}

/** The row that makes a message durable. */
export function outboxRow(envelope: Envelope): OutboxRow {
  return {
    ...outboxKey(envelope.id),
    envelope: encodeEnvelope(envelope),
    type: envelope.type,
    line: envelope.businessline,
    ...(envelope.deliverat && { deliverat: envelope.deliverat }),
    ttl: Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000),
  };
}
