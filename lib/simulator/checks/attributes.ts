/** The message attributes that the wire format promises, spelled here once more: a check does not take the sender's word. */
export const ATTRIBUTES = {
  /** Of a dead letter: why it is dead. */
  reason: 'waybill-reason',
  /** Of a dead letter: which message it is of. */
  messageId: 'waybill-message-id',
  /** Of what a redrive has sent: which. */
  redrive: 'waybill-redrive',
  /** Of what a forwarder is to put into a stream: which. */
  stream: 'waybill-stream',
  /** Of what a forwarder is to put into the queue of a subscriber: of which. */
  subscriber: 'waybill-subscriber',
} as const;

/** How receipts name what was put to wait for its moment. */
export const SCHEDULE = '#schedule';
