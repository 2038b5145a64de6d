import type { KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import { MalformedMessage, safely } from '../contract/errors.ts';

/** A record as a transport delivered it. */
export type InboundRecord = QueueRecord | StreamRecord;

interface Delivered {
  /** The transport's own id of the record, by which it is reported. Never a key: a redrive changes it. */
  readonly eventId: string;
  /** The record's bytes, unchanged. A text stands for its UTF-8 bytes. */
  readonly bytes: Uint8Array | string;
  /** When the transport took it, in milliseconds since the epoch, if it says so. */
  readonly sentAt?: number;
  /** How often the transport has delivered it, this time included, as far as it counts. */
  readonly deliveries: number;
  /** Of a record that was parked for longer than SQS delays: when it may be handled, in milliseconds since the epoch. */
  readonly notBefore?: number;
  /** The message group that it came in; absent where it came by no FIFO queue. */
  readonly group?: string;
  /** Whether it came by a stream, which everybody's messages lie in: it may have been parked since. */
  readonly streamed: boolean;
  /** Whether it comes from a dead-letter queue, or a redrive has sent it. */
  readonly redriven: boolean;
  /** The operation by which an operator has sent it again; absent where it came otherwise. */
  readonly redrive?: string;
  /** Whether an operator has sent it to be handled although what follows it in its order has ended; absent where not. */
  readonly outOfOrder?: true;
  /** Whether the bytes are a dead letter's pointer to where the record is quarantined; absent when they are not. */
  readonly isPointer?: boolean;
  /** What is wrong with the record itself, as no transport delivers it; absent when nothing is. */
  readonly wrong?: string;
}

interface QueueRecord extends Delivered {
  readonly transport: 'queue';
  readonly receiptHandle: string;
}

interface StreamRecord extends Delivered {
  readonly transport: 'stream';
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function fromQueue(record: SQSRecord): QueueRecord {
  const { body, attributes } = record as { readonly body?: unknown; readonly attributes?: SQSRecord['attributes'] };
  const said = record.messageAttributes ?? {};
  const wrong = wrongWith(body, attributes);
  const encoding = said[ATTRIBUTES.encoding]?.stringValue;
  const notBefore = Number(said[NOT_BEFORE]?.stringValue);
  const redrive = said[ATTRIBUTES.redrive]?.stringValue;
  const found: { -readonly [Field in keyof QueueRecord]: QueueRecord[Field] } = {
    transport: 'queue',
    eventId: record.messageId,
    // A dead letter that was redriven holds the record as it could be carried.
    bytes: encoding === 'base64' ? Buffer.from(String(body), 'base64') : typeof body === 'string' ? body : '',
    streamed: said[STREAMED] !== undefined,
    deliveries: Number(attributes?.ApproximateReceiveCount) || 1,
    redriven: said[ATTRIBUTES.reason] !== undefined || redrive !== undefined,
    receiptHandle: record.receiptHandle,
  };
  const sentAt = Number(attributes?.SentTimestamp);
  if (sentAt > 0) found.sentAt = sentAt;
  if (notBefore > 0) found.notBefore = notBefore;
  if (redrive) found.redrive = redrive;
  if (said[ATTRIBUTES.outOfOrder]) found.outOfOrder = true;
  if (attributes?.SequenceNumber) found.group = String(attributes.MessageGroupId);
  if (encoding === 'quarantine' && !wrong && pointerOf(record.body)) found.isPointer = true;
  if (wrong) found.wrong = wrong;
  return found;
}

/** What the body of a quarantined letter says: where its record is. */
export interface Pointer {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The pointer that the body of a dead letter is, if it is one. Never throws. */
export function pointerOf(body: string): Pointer | undefined {
  const pointer = safely(() => JSON.parse(body) as Pointer | null);
  const names = [pointer?.bucket, pointer?.key, pointer?.sha256];
  return names.every((name) => typeof name === 'string') ? (pointer ?? undefined) : undefined;
}

/** A middleware may have changed the event before the consumer sees it. */
function wrongWith(body: unknown, attributes: unknown): string | undefined {
  if (typeof body !== 'string') {
    return `The record's body is ${body === null ? 'null' : typeof body}, not the text that SQS delivered: use no middleware that parses bodies`;
  }
  if (typeof attributes === 'object' && attributes !== null) return undefined;
  return 'The record has no `attributes`, which say how often it was received: pass the event on as Lambda delivered it';
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export function fromStream(record: KinesisStreamRecord): StreamRecord {
  const sentAt = Math.floor(record.kinesis.approximateArrivalTimestamp * 1000);
  return {
    transport: 'stream',
    eventId: record.kinesis.sequenceNumber,
    bytes: Buffer.from(record.kinesis.data, 'base64'),
    ...(sentAt > 0 && { sentAt }),
    deliveries: 1,
    streamed: true,
    redriven: false,
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The record's text.
 *
 * @throws MalformedMessage when it is not UTF-8, or quarantined
 */
export function textOf({ bytes, wrong, isPointer }: InboundRecord): string {
  if (wrong) throw new MalformedMessage(wrong);
  if (isPointer) throw new MalformedMessage('The record is in the quarantine bucket, where no message is');
  // As the decoder does it.
  if (typeof bytes === 'string') return bytes.toWellFormed().replace(/^\uFEFF/, '');
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new MalformedMessage('The record is not UTF-8 text');
  }
}

/** The message attribute of a parked record that says when it may be handled, in milliseconds since the epoch. */
export const NOT_BEFORE = 'waybill-not-before';

/** The message attribute of a parked record: it came by a stream. */
export const STREAMED = 'waybill-streamed';

/** The message attributes of a dead letter. */
export const ATTRIBUTES = {
  reason: 'waybill-reason',
  detail: 'waybill-detail',
  subscriber: 'waybill-subscriber',
  /** Absent when the record could not be decoded. */
  messageId: 'waybill-message-id',
  encoding: 'waybill-encoding',
  /** Not of a letter, but of what a redrive has sent: the operation. */
  redrive: 'waybill-redrive',
  /** The same: set where it is to be handled although it was overtaken. */
  outOfOrder: 'waybill-out-of-order',
} as const;
