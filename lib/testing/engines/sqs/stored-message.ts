import type { MessageAttributeValue } from '@aws-sdk/client-sqs';

/** A message as it lies in a queue. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly traceHeader?: string;
  /** Its message group: in a FIFO queue always there, in a standard one only a tenant of fair queues. */
  readonly groupId?: string;
  /** In a FIFO queue always there. */
  readonly deduplicationId?: string;
  /** In a FIFO queue always there: 20 digits, ascending. */
  readonly sequenceNumber?: string;
  /** Milliseconds since the epoch. A move to a dead-letter queue changes it in FIFO queues only. */
  readonly sentAt: number;
  /** Milliseconds since the epoch from which it can be received. */
  visibleAt: number;
  receives: number;
  firstReceivedAt?: number;
  /** Of the last receipt. */
  receiptHandle?: string;
}

export type SentMessage = Pick<
  StoredMessage,
  'id' | 'body' | 'attributes' | 'traceHeader' | 'groupId' | 'deduplicationId'
>;

/** Whether it was received and is not visible again. */
export function isInFlight({ receives, visibleAt }: Readonly<StoredMessage>, now: number): boolean {
  return receives > 0 && visibleAt > now;
}
