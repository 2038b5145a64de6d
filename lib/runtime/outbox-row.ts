import { type Envelope, encodeEnvelope, INBOX_AFTERLIFE, type OutboxRow, outboxKey } from '../contract/index.ts';

/** The row that makes a message durable. */
export function outboxRow(envelope: Envelope): OutboxRow {
  return {
    ...outboxKey(envelope.id),
    envelope: encodeEnvelope(envelope),
    ttl: Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000),
  };
}
