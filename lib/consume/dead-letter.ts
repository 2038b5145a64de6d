import { hash } from 'node:crypto';
import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { errorCode, errorMessage, mayPass } from '../aws/errors.ts';
import { ATTRIBUTES, type Pointer, pointerOf } from '../aws/record.ts';
import { type FailedEntry, type QueueEntry, queueEntryBytes, sendMessages } from '../aws/send-batch.ts';
import { MalformedMessage } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import { isMessageId, messageTime } from '../message/message-id.ts';

/** Where a subscriber's dead letters go. */
export interface DeadLetterTarget {
  /** The subscriber's dead-letter queue. */
  readonly queueUrl: string;
  /** The bucket for bytes that SQS cannot carry. */
  readonly bucket: string;
  readonly subscriber: string;
}

/** A record that a subscriber gives up. */
export interface DeadLetter {
  /** The record as it came. A text stands for its UTF-8 bytes. */
  readonly bytes: Uint8Array | string;
  /** Whether the bytes are the pointer of a quarantined letter that was sent again: they stay one. */
  readonly isPointer?: boolean | undefined;
  /** The error's code. */
  readonly reason: string;
  /** The error's message; its first 1,000 characters are kept. */
  readonly detail: string;
  /** The message id, if the record could be decoded. */
  readonly messageId?: string;
  /** What names the record in its transport: the SQS message id, or the Kinesis event id or sequence number. */
  readonly sourceEventId: string;
  /**
   * When the transport took the record, in milliseconds since the epoch.
   * @default the moment in the message id, else now
   */
  readonly sentAt?: number;
}

/** How a dead letter's body holds the record: as it is, in base64, or as a pointer to an object in the bucket. */
export type DeadLetterEncoding = 'text' | 'base64' | 'quarantine';

const MAX_DETAIL = 1_000;
const UPLOADS_AT_ONCE = 4;

/**
 * Sends records to the subscriber's dead-letter queue, with the reason. The body is the record unchanged where SQS can
 * carry it, else its base64, else a JSON pointer `{ bucket, key, bytes, sha256 }` to an object in the quarantine bucket.
 * The object's key follows from the record, so that a repeat overwrites it. A pointer that was redriven goes on as it is.
 *
 * @returns the letters that are not known to be sent: their records must not be acknowledged
 */
export async function sendDeadLetters(
  environment: Environment,
  target: DeadLetterTarget,
  letters: readonly DeadLetter[],
): Promise<FailedEntry[]> {
  const failed: FailedEntry[] = [];
  const entries: Entry[] = [];
  await concurrently(UPLOADS_AT_ONCE, letters, async (letter, index) => {
    try {
      const entry = carriedEntry(target, letter) ?? (await quarantinedEntry(environment, target, letter));
      entries.push({ index, entry });
    } catch (error) {
      failed.push({ index, code: errorCode(error), detail: errorMessage(error), lasting: !mayPass(error) });
    }
  });
  const unsent = await sendMessages(
    environment,
    target.queueUrl,
    entries.map(({ entry }) => entry),
  );
  for (const { index, ...failure } of unsent) failed.push({ ...failure, index: (entries[index] as Entry).index });
  return failed.sort((one, other) => one.index - other.index);
}

/** A letter as it is sent, and its place among all. */
interface Entry {
  readonly index: number;
  readonly entry: QueueEntry;
}

/** A dead letter as it lies in the queue: its body, and the String values of its message attributes by name. */
export interface DeadLetterMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

/** What a dead letter says. */
export interface DeadLetterContent {
  /** The record's bytes, unchanged. */
  readonly bytes: Uint8Array;
  readonly reason: string;
  readonly detail: string;
  readonly subscriber: string;
  readonly messageId?: string;
}

/**
 * Reads a dead letter back: the inverse of `sendDeadLetters`.
 *
 * @param fetchObject gets an object of the quarantine bucket
 * @throws MalformedMessage when it is no dead letter of Waybill's, or the quarantined bytes are not those that were put
 */
export async function readDeadLetter(
  message: DeadLetterMessage,
  fetchObject: (bucket: string, key: string) => Promise<Uint8Array>,
): Promise<DeadLetterContent> {
  const { reason, detail, subscriber, messageId, encoding } = ATTRIBUTES;
  const attribute = (name: string): string => {
    const value = message.attributes[name];
    if (!value) throw new MalformedMessage(`The message is no dead letter: it has no attribute '${name}'`);
    return value;
  };
  const id = message.attributes[messageId];
  return {
    bytes: await originalBytes(attribute(encoding), message.body, fetchObject),
    reason: attribute(reason),
    detail: attribute(detail),
    subscriber: attribute(subscriber),
    ...(id && { messageId: id }),
  };
}

/** The letter in a message that SQS takes, if there is one. */
function carriedEntry(target: DeadLetterTarget, letter: DeadLetter): QueueEntry | undefined {
  const size = typeof letter.bytes === 'string' ? letter.bytes.length : letter.bytes.byteLength;
  if (size === 0 || size > LIMITS.wireBytes) return undefined;
  const text = typeof letter.bytes === 'string' ? letter.bytes.toWellFormed() : utf8Text(letter.bytes);
  const encoding = letter.isPointer ? 'quarantine' : 'text';
  const plain = text !== undefined && !UNCARRIED.test(text) ? letterEntry(target, letter, encoding, text) : undefined;
  if (plain) return fits(plain) ? plain : undefined;
  const encoded = letterEntry(target, letter, 'base64', Buffer.from(letter.bytes).toString('base64'));
  return fits(encoded) ? encoded : undefined;
}

async function quarantinedEntry(
  environment: Environment,
  target: DeadLetterTarget,
  letter: DeadLetter,
): Promise<QueueEntry> {
  const body = Buffer.from(letter.bytes);
  const key = quarantineKey(environment, target.subscriber, letter);
  const { PutObjectCommand } = await import('../aws/s3-client.ts');
  const s3 = await environment.s3();
  await s3.send(new PutObjectCommand({ Bucket: target.bucket, Key: key, Body: body }));
  const pointer: Pointer = { bucket: target.bucket, key, bytes: body.byteLength, sha256: hash('sha256', body) };
  return letterEntry(target, letter, 'quarantine', JSON.stringify(pointer));
}

/** `<subscriber>/<yyyy-mm-dd>/<id of the record in its transport>` */
function quarantineKey(environment: Environment, subscriber: string, letter: DeadLetter): string {
  const { sentAt, messageId, sourceEventId } = letter;
  const moment = sentAt ?? (isMessageId(messageId) ? messageTime(messageId) : environment.now());
  const name = sourceEventId.replaceAll(/[^\w.-]/g, '_').slice(0, 256) || hash('sha256', letter.bytes);
  return `${subscriber}/${new Date(moment).toISOString().slice(0, 10)}/${name}`;
}

function letterEntry(
  target: DeadLetterTarget,
  letter: DeadLetter,
  encoding: DeadLetterEncoding,
  body: string,
): QueueEntry {
  return {
    body,
    attributes: {
      [ATTRIBUTES.reason]: attributeValue(letter.reason),
      [ATTRIBUTES.detail]: attributeValue(letter.detail),
      [ATTRIBUTES.subscriber]: attributeValue(target.subscriber),
      ...(letter.messageId && { [ATTRIBUTES.messageId]: attributeValue(letter.messageId) }),
      [ATTRIBUTES.encoding]: encoding,
    },
  };
}

/** A message attribute takes the characters that a body takes, and is not empty. */
function attributeValue(text: string): string {
  return text.slice(0, MAX_DETAIL).toWellFormed().replaceAll(new RegExp(UNCARRIED, 'gu'), '\uFFFD') || '-';
}

function fits(entry: QueueEntry): boolean {
  return queueEntryBytes(entry) <= LIMITS.wireBytes;
}

/**
 * Characters that SQS refuses in a message: those outside #x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
const UNCARRIED = /[^\t\n\r -\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** The text whose UTF-8 these bytes are, if they are any: a byte order mark stays in it. */
function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function originalBytes(
  encoding: string,
  body: string,
  fetchObject: (bucket: string, key: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (encoding === 'text') return Buffer.from(body);
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quarantine') throw new MalformedMessage(`'${encoding}' is no encoding of a dead letter`);
  const pointer = pointerOf(body);
  if (!pointer) throw new MalformedMessage('The dead letter is quarantined, and its body does not say where');
  const { bucket, key, sha256 } = pointer;
  const bytes = await fetchObject(bucket, key);
  if (hash('sha256', bytes) !== sha256) {
    throw new MalformedMessage(`s3://${bucket}/${key} does not hold the bytes that were quarantined there`);
  }
  return bytes;
}
