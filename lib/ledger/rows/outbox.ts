import { UnknownRowFormat } from '../../contract/errors.ts';
import { writeUnits } from '../../contract/row-size.ts';
import { compressed, uncompressedMessage, withCompressed } from '../../message/compression.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../message/envelope.ts';
import { FORMATS, NEWEST_FORMAT } from './format.ts';
import { bucket, type Expiring, type LedgerKey, OUTBOX_PREFIX, ttlAfter } from './layout.ts';
import { type PackedOutboxRow, pack, unpack } from './packed-outbox.ts';
import { itemBytes } from './row-size.ts';

/** A message as committed with the business change. */
export type OutboxRow = (PlainOutboxRow | PackedOutboxRow) & OutboxMarks;

/** A message in the first format. */
export interface PlainOutboxRow extends LedgerKey, Expiring {
  /** The envelope's JSON text. */
  readonly envelope: string;
  /** The event type, as reconciliation reads it. Absent on rows of version 0.1 and earlier: what says less is read whole. */
  readonly type?: string;
  /** The business line. */
  readonly line?: string;
  /** Of a delayed message: when it is to be delivered (RFC 3339, UTC). */
  readonly deliverat?: string;
  readonly format?: undefined;
  readonly data?: undefined;
}

/** What is noted in the row of a message, whatever its format. */
export interface OutboxMarks {
  /**
   * Of a message that its producer sends itself, past the relay: `pending` until the broker has it, then `sent`. Absent on
   * what the relay sends.
   */
  readonly sending?: 'pending' | 'sent';
  /** Of a message that was cancelled: when, in milliseconds since the epoch. */
  readonly cancelled?: number;
  /**
   * Of a command of a state machine: the token of the task that waits for its end. A secret, since whoever has it may answer:
   * it is no part of the message, and never leaves the ledger but for Step Functions.
   */
  readonly token?: string;
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

/**
 * The row that makes a message durable.
 *
 * @param table that the row will lie in
 */
export function outboxRow(given: Envelope, format: number = FORMATS.plain, table: string = given.ledger): OutboxRow {
  const envelope = format >= FORMATS.compressed ? given : uncompressedMessage(given);
  const row = { ...outboxKey(envelope.id), ttl: ttlAfter(envelope.expires) };
  if (format <= FORMATS.plain) return { ...row, envelope: encodeEnvelope(envelope), ...told(envelope) };
  const packed = { ...row, format, ...pack(envelope, row, table) };
  return format >= FORMATS.compressed ? smallest(packed) : packed;
}

/** The message with its payload as a row has it, compressed or not. */
export function asStored(envelope: Envelope, { data }: OutboxRow): Envelope {
  return data instanceof Uint8Array ? withCompressed(envelope, data) : envelope;
}

/** What each row says of its message, whatever its format. */
function told({ type, businessline, deliverat }: Envelope) {
  return { type, line: businessline, ...(deliverat !== undefined && { deliverat }) };
}

/**
 * The message in an outbox row.
 *
 * @param table that the row lies in
 * @param newest the newest format that is known
 * @throws UnknownRowFormat when it is in a newer one
 * @throws MalformedMessage when the row holds no message
 */
export function envelopeOf(row: OutboxRow, table: string, newest: number = NEWEST_FORMAT): Envelope {
  if (!isPacked(row)) return decodeEnvelope(row.envelope ?? '');
  if (Number.isInteger(row.format) && row.format > FORMATS.plain && row.format <= newest) return unpack(row, table);
  throw new UnknownRowFormat(
    `The row of '${row.sk}' has the format ${row.format}; this deployment knows those up to ${newest}`,
  );
}

function isPacked(row: OutboxRow): row is PackedOutboxRow & OutboxMarks {
  return row.format !== undefined;
}

/** Bytes of what SQS bills as one request, and of an envelope beside its payload. */
const CHUNK_BYTES = 64 * 1024;
const HEAD_BYTES = 1024;

/** The row with its payload compressed, where that saves write units, and costs nothing on the way. */
function smallest(row: PackedOutboxRow): PackedOutboxRow {
  const { data } = row;
  const bytes = itemBytes(row);
  if (typeof data !== 'string' || writeUnits(bytes) === 1) return row;
  const packed = compressed(data);
  const plain = Buffer.byteLength(data);
  const saves = writeUnits(bytes - plain + packed.byteLength) < writeUnits(bytes);
  const onTheWay = Math.ceil(packed.byteLength / 3) * 4;
  return saves && chunks(onTheWay) <= chunks(plain) ? { ...row, data: packed } : row;
}

function chunks(bytes: number): number {
  return Math.ceil((bytes + HEAD_BYTES) / CHUNK_BYTES);
}
