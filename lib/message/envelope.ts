import {
  ForeignLedger,
  InvalidDefinition,
  InvalidPayload,
  LimitExceeded,
  MalformedMessage,
  NewerEventVersion,
} from '../contract/errors.ts';
import type { EventDefinition } from '../contract/event.ts';
import { parseJson, refuseOverSize, wirePayload } from '../contract/json.ts';
import { LIMITS } from '../contract/limits.ts';
import { validate } from '../contract/schema.ts';
import { instantOf, timestampOf } from '../contract/timestamp.ts';
import { ENCODINGS, payloadOf } from './compression.ts';
import { knownFields } from './known-fields.ts';
import { isMessageId, messageTime, mintMessageId } from './message-id.ts';
import { isOrder, unnumbered } from './order.ts';
import { childTraceparent, isTraceparent } from './trace-context.ts';

/**
 * A message on the wire and in the outbox: a CloudEvents 1.0 event in JSON format. The attributes beyond the core ones
 * are extensions, so their names are lower-case letters.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export interface Envelope {
  readonly specversion: '1.0';
  /** The message id, see `mintMessageId`. */
  readonly id: string;
  /** Who published it, as a URI: `/<ledger>/<producer or subscriber>`. */
  readonly source: string;
  readonly type: string;
  /** When it was published (RFC 3339, UTC): the moment in the id. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** The business key (CloudEvents' partitioning extension). */
  readonly partitionkey: string;
  /** The version of the event type. */
  readonly version: number;
  readonly businessline: string;
  /** The id of the first message of the chain. */
  readonly correlationid: string;
  /** The id of the message whose handling published this one; absent on the first. */
  readonly causationid?: string;
  /** W3C trace context. @see https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent: string;
  /** Nothing sends or handles the message after this moment (RFC 3339, UTC). */
  readonly expires: string;
  /** Nothing handles the message before this moment (RFC 3339, UTC); absent when it is due at once. */
  readonly deliverat?: string;
  /** The ledger that holds the message's outbox row. */
  readonly ledger: string;
  /** Its place in the order of its key, see `readOrder`; absent where its event is in no sequence. */
  readonly order?: string;
  /** By a key of the ledger, see `signed`; absent where the ledger does not sign. */
  readonly signature?: string;
  /** Hop stamp: when the relay sent it (RFC 3339, UTC). */
  readonly relayed?: string;
  /** The payload: the schema's validated input, without the fields that the schema drops. Absent where it is compressed. */
  readonly data?: unknown;
  /** Of a compressed payload: the base64 of its bytes (CloudEvents' own attribute for binary data). */
  readonly data_base64?: string;
  /** Of a compressed payload: how, see `payloadOf`. */
  readonly contentencoding?: string;
}

export interface EnvelopeContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
  readonly shards: number;
  readonly ledger: string;
  /** The producer's or subscriber's name. */
  readonly publisher: string;
  /** The envelope of the message that is being handled, if one is. */
  readonly cause?: Envelope;
  /** When to deliver it, in milliseconds since the epoch, see `deliveryTime`. @default at once */
  readonly deliverAt?: number;
}

/** More than the attributes of an envelope ever take, beside its payload. */
const ATTRIBUTE_BYTES = 16 * 1024;

/**
 * Makes the envelope of a new message.
 *
 * @throws InvalidPayload when the payload does not satisfy the event's schema as the wire will carry it
 * @throws LimitExceeded when the key, the depth or the size is over a limit
 */
export function createEnvelope(event: EventDefinition, payload: unknown, context: EnvelopeContext): Envelope {
  const { now, random, cause, deliverAt } = context;
  if (event.sequence && deliverAt !== undefined) {
    throw new InvalidDefinition(
      `'${event.type}' is in the sequence '${event.sequence.name}', so that it cannot be delayed: those behind it would wait. Publish it in its moment`,
    );
  }
  const { data, bytes } = wirePayload(payload, event.type);
  const output = validateWire(event, data, payload);
  const known = knownFields(event, data, output);
  const key = businessKey(event, output);
  const id = mintMessageId({ now, random: random(16), key, shards: context.shards });
  const envelope: Envelope = {
    specversion: '1.0',
    id,
    source: `/${context.ledger}/${encodeURIComponent(context.publisher.toWellFormed())}`,
    type: event.type,
    time: timestampOf(now),
    datacontenttype: 'application/json',
    partitionkey: key,
    version: event.version,
    businessline: event.businessLine,
    correlationid: cause?.correlationid ?? id,
    ...(cause && { causationid: cause.id }),
    traceparent: childTraceparent(cause?.traceparent, random),
    // A delayed message lives as long from its delivery as another from its commit.
    expires: timestampOf((deliverAt ?? now) + event.lifetime),
    ...(deliverAt !== undefined && { deliverat: timestampOf(deliverAt) }),
    ledger: context.ledger,
    ...(event.sequence && { order: unnumbered(event.sequence) }),
    data: known,
  };
  // Escapes at most double a text: only a large payload is worth encoding to know its size.
  if (2 * bytes + ATTRIBUTE_BYTES > LIMITS.envelopeBytes) refuseOverSize(encodeEnvelope(envelope), event.type);
  return envelope;
}

/**
 * The JSON text of an envelope, in the characters that SQS carries: JSON allows U+FFFE and U+FFFF in its strings, SQS
 * refuses a message that holds them, so they are escaped.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify(envelope).replace(
    /[\uFFFE\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );
}

/**
 * Reads an envelope from the wire. Unknown attributes are kept: CloudEvents allows any extension.
 *
 * @throws MalformedMessage naming what is wrong; the text itself is never quoted
 */
export function decodeEnvelope(text: string): Envelope {
  // A character takes at most three bytes for each of its units: only a large text is worth counting.
  if (3 * text.length > LIMITS.wireBytes && Buffer.byteLength(text) > LIMITS.wireBytes)
    throw new MalformedMessage(`The record is larger than ${LIMITS.wireBytes} bytes`);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedMessage('The record is not an envelope: it is no JSON object');
  }
  return checkedEnvelope(value);
}

/**
 * What is wrong with a message of another ledger. Its id says nothing here: a row of it could end a message of this one.
 *
 * @returns `undefined` where it is of this ledger
 */
export function foreignTo(ledger: string, envelope: Envelope): ForeignLedger | undefined {
  if (envelope.ledger === ledger) return undefined;
  return new ForeignLedger(`The message '${envelope.id}' is of the ledger '${envelope.ledger}', not of '${ledger}'`);
}

/** @throws MalformedMessage naming the attribute that is missing or wrong */
export function checkedEnvelope(value: object): Envelope {
  const wrong = firstWrongAttribute(value as Attributes);
  if (wrong) throw new MalformedMessage(`The record is not an envelope: '${wrong}' is missing or wrong`);
  return value as Envelope;
}

/**
 * The payload as a handler sees it: validated by the version that it was published with, upgraded step by step, and
 * validated again.
 *
 * @param encodings by which it may be compressed
 * @throws NewerEventVersion when a newer producer sent it: the deploy that understands it is on its way
 * @throws UnknownEncoding when it is compressed in another way: the deploy that understands it is on its way
 * @throws MalformedMessage when what is compressed is no payload, or too large
 * @throws InvalidPayload when it does not satisfy the schema, or no upgrade leads here from its version
 */
export function readPayload<Output>(
  event: EventDefinition<string, unknown, Output>,
  envelope: Envelope,
  encodings: readonly string[] = ENCODINGS,
): Output {
  if (envelope.version > event.version) {
    throw new NewerEventVersion(
      `'${event.type}' has version ${envelope.version}; this deployment knows ${event.version}`,
    );
  }
  const payload = payloadOf(envelope, encodings);
  return validate(event.schema, upgradedInput(event, envelope, payload), event.type);
}

function upgradedInput(event: EventDefinition, envelope: Envelope, payload: unknown): unknown {
  if (envelope.version === event.version) return payload;
  if (!event.upgrade) {
    throw new InvalidPayload(
      `'${event.type}' has version ${envelope.version}, from which no upgrade leads to a known one`,
    );
  }
  const { from, by } = event.upgrade;
  return by(validate(from.schema, upgradedInput(from, envelope, payload), from.type));
}

/** What the schema makes of the payload as the wire carries it. */
function validateWire(event: EventDefinition, data: unknown, payload: unknown): unknown {
  try {
    return validate(event.schema, data, event.type);
  } catch (error) {
    if (!(error instanceof InvalidPayload) || !satisfies(event, payload)) throw error;
    const where = error.fields.length > 0 ? ` (${error.fields.join(', ')})` : '';
    throw new InvalidPayload(
      `'${event.type}' is valid only until it becomes JSON${where}: a Date becomes a text, a Map becomes {}. Let the schema take what JSON carries`,
      { fields: error.fields, detail: error.detail },
    );
  }
}

function satisfies(event: EventDefinition, payload: unknown): boolean {
  try {
    validate(event.schema, payload, event.type);
    return true;
  } catch {
    return false;
  }
}

function businessKey(event: EventDefinition, payload: unknown): string {
  const key = event.key(payload);
  if (typeof key !== 'string' || key === '' || !key.isWellFormed()) {
    throw new InvalidPayload(`The business key of '${event.type}' is not a well-formed text of at least one character`);
  }
  if (NOT_IN_ATTRIBUTES.test(key)) {
    throw new InvalidPayload(
      `The business key of '${event.type}' holds a control character or a noncharacter, which no attribute of an event may: encode it`,
    );
  }
  if (key.length > LIMITS.keyCharacters) {
    throw new LimitExceeded(
      `The business key of '${event.type}' has ${key.length} characters; the limit is ${LIMITS.keyCharacters}`,
    );
  }
  return key;
}

/**
 * Control characters and noncharacters.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system
 */
const NOT_IN_ATTRIBUTES = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** In this order; a check may rest on the attributes before it. */
const ATTRIBUTES: { readonly [Attribute in keyof Envelope]-?: (value: unknown, envelope: Attributes) => boolean } = {
  specversion: (value) => value === '1.0',
  id: isMessageId,
  source: isText,
  type: isText,
  time: (value, { id }) => instantOf(value) === messageTime(id as string),
  datacontenttype: (value) => value === 'application/json',
  partitionkey: (value) => isText(value) && value.length <= LIMITS.keyCharacters,
  version: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  businessline: isText,
  correlationid: isMessageId,
  causationid: (value) => value === undefined || isMessageId(value),
  traceparent: isTraceparent,
  expires: (value) => instantOf(value) !== undefined,
  deliverat: (value) => value === undefined || instantOf(value) !== undefined,
  ledger: isText,
  order: (value) => value === undefined || isOrder(value),
  signature: (value) => value === undefined || isText(value),
  relayed: (value) => value === undefined || instantOf(value) !== undefined,
  data_base64: (value) => value === undefined || (typeof value === 'string' && value !== ''),
  contentencoding: (value, { data_base64 }) => data_base64 === undefined || isText(value),
  data: (value, { data_base64 }) => (value !== undefined) !== (data_base64 !== undefined),
};

type Attributes = Readonly<Partial<Record<keyof Envelope, unknown>>>;

const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as (keyof Envelope)[];

function firstWrongAttribute(envelope: Attributes): keyof Envelope | undefined {
  return ATTRIBUTE_NAMES.find((attribute) => !ATTRIBUTES[attribute](envelope[attribute], envelope));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 1024;
}
