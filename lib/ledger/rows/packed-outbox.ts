import { MalformedMessage } from '../../contract/errors.ts';
import { parseJson } from '../../contract/json.ts';
import { momentOfChecked, timestampOf } from '../../contract/timestamp.ts';
import { GZIP } from '../../message/compression.ts';
import { checkedEnvelope, type Envelope } from '../../message/envelope.ts';
import { bytesOfId, idOfBytes, messageTime } from '../../message/message-id.ts';
import { type Expiring, type LedgerKey, latestExpiry } from './layout.ts';

/** What of a message cannot be derived from its id, its table and the rest of its row. */
export interface PackedColumns {
  readonly format: number;
  /** The event type. */
  readonly type: string;
  /** The business line. */
  readonly line: string;
  /** Of a delayed message: when it is to be delivered (RFC 3339, UTC). */
  readonly deliverat?: string;
  /** The business key. */
  readonly key: string;
  /** Who published it, as the last part of the envelope's `source`. */
  readonly by: string;
  /** The version of the event type. @default 1 */
  readonly version?: number;
  /** 16 bytes of the trace id, 8 of the span's, and one of flags where those are not 01. */
  readonly trace?: Uint8Array;
  /** The 16 bytes of the id of the message whose handling published this one. */
  readonly cause?: Uint8Array;
  /** The 16 bytes of the id of the chain's first message. @default the cause's, else the message's own */
  readonly chain?: Uint8Array;
  /** The payload: its JSON text, or that text compressed by gzip. */
  readonly data: string | Uint8Array;
  /** JSON of the attributes of the envelope that are not as the rest of the row says. */
  readonly more?: string;
}

export type PackedOutboxRow = LedgerKey & Expiring & PackedColumns & { readonly envelope?: undefined };

/** Hexadecimal digits of a trace id, and of it and a span's id. */
const TRACE_HEX = 32;
const SPAN_END = 48;
const SAMPLED = 0x01;

/** The columns of a message, but for its format. Whatever the envelope holds, `unpack` makes the same of it. */
export function pack(envelope: Envelope, row: LedgerKey & Expiring, table: string): Omit<PackedColumns, 'format'> {
  const { type, businessline, deliverat, partitionkey, source, version, correlationid, causationid } = envelope;
  const root = `/${table}/`;
  const trace = traceBytes(envelope.traceparent);
  const columns: Omit<PackedColumns, 'format'> = {
    type,
    line: businessline,
    ...(deliverat !== undefined && { deliverat }),
    key: partitionkey,
    by: source.startsWith(root) ? source.slice(root.length) : '',
    ...(version !== 1 && { version }),
    ...(trace && { trace }),
    ...(causationid !== undefined && { cause: bytesOfId(causationid) }),
    ...(correlationid !== (causationid ?? envelope.id) && { chain: bytesOfId(correlationid) }),
    data:
      envelope.data_base64 === undefined ? JSON.stringify(envelope.data) : Buffer.from(envelope.data_base64, 'base64'),
  };
  const more = differences(envelope, derive({ ...columns, data: 'null' }, row, table));
  return more ? { ...columns, more: JSON.stringify(more) } : columns;
}

/** @throws MalformedMessage when the row holds no message */
export function unpack(row: PackedOutboxRow, table: string): Envelope {
  const { more } = row;
  try {
    const envelope = derive(row, row, table);
    return checkedEnvelope(more === undefined ? envelope : { ...envelope, ...(parseJson(more) as Partial<Envelope>) });
  } catch (cause) {
    if (cause instanceof MalformedMessage) throw cause;
    throw new MalformedMessage('The row is not packed as its format says', { cause });
  }
}

/**
 * When a message expires, in milliseconds since the epoch. A row is kept for whole seconds, and a message lives for whole
 * seconds from its moment: where it does not, `more` says so.
 */
function expiryOf({ sk, ttl, deliverat }: Pick<PackedOutboxRow, 'sk' | 'ttl' | 'deliverat'>): number {
  const latest = latestExpiry({ ttl });
  const moment = deliverat === undefined ? messageTime(sk) : momentOfChecked(deliverat);
  return latest - ((((latest - moment) % 1000) + 1000) % 1000);
}

/** The envelope of a row, but for what `more` holds. In the order in which a new envelope has its attributes. */
function derive(columns: Omit<PackedColumns, 'format'>, { sk, ttl }: LedgerKey & Expiring, table: string): Envelope {
  const { type, line, deliverat, key, by, version = 1, trace, cause, chain, data } = columns;
  const causationid = cause && idOfBytes(cause);
  return {
    specversion: '1.0',
    id: sk,
    source: `/${table}/${by}`,
    type,
    time: timestampOf(messageTime(sk)),
    datacontenttype: 'application/json',
    partitionkey: key,
    version,
    businessline: line,
    correlationid: chain ? idOfBytes(chain) : (causationid ?? sk),
    ...(causationid !== undefined && { causationid }),
    traceparent: trace ? traceparentOf(trace) : '',
    expires: timestampOf(expiryOf({ sk, ttl, deliverat })),
    ...(deliverat !== undefined && { deliverat }),
    ledger: table,
    ...(typeof data === 'string'
      ? { data: parseJson(data) }
      : { contentencoding: GZIP, data_base64: Buffer.from(data).toString('base64') }),
  };
}

/** The attributes that are not as in the other envelope, but for the payload; `undefined` where there is none. */
function differences(envelope: Envelope, other: Envelope): Record<string, unknown> | undefined {
  const { data: _, data_base64: __, ...attributes } = envelope;
  const others: Readonly<Record<string, unknown>> = { ...other };
  const differing = Object.entries(attributes).filter(([name, value]) => value !== others[name]);
  return differing.length === 0 ? undefined : Object.fromEntries(differing);
}

/** The bytes of a trace context of the only version that there is. */
function traceBytes(traceparent: string): Uint8Array | undefined {
  const [version, trace = '', span = '', flags = ''] = traceparent.split('-');
  if (version !== '00') return undefined;
  return Buffer.from(`${trace}${span}${Number.parseInt(flags, 16) === SAMPLED ? '' : flags}`, 'hex');
}

function traceparentOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  const [trace, span, flags] = [hex.slice(0, TRACE_HEX), hex.slice(TRACE_HEX, SPAN_END), hex.slice(SPAN_END)];
  return `00-${trace}-${span}-${flags || '01'}`;
}
