import { createHmac, timingSafeEqual } from 'node:crypto';
import { InvalidSignature } from '../contract/errors.ts';
import { payloadOf } from './compression.ts';
import type { Envelope } from './envelope.ts';

/** A key of a ledger, by which messages are signed. */
export interface SigningKey {
  /** By which signatures name it: lower-case letters, digits and `-`, and no digit first. */
  readonly id: string;
  /** At least 32 characters that nobody can guess. */
  readonly key: string;
}

/** The first part of a signature: HMAC-SHA256 of the attributes below and the payload. */
const SCHEME = 'v1';

/** What is signed: all that a message says but its hop stamp. A payload is signed as it is before it is compressed. */
const SIGNED: readonly (keyof Envelope)[] = [
  'id',
  'source',
  'type',
  'time',
  'partitionkey',
  'version',
  'businessline',
  'correlationid',
  'causationid',
  'traceparent',
  'expires',
  'deliverat',
  'ledger',
  'order',
];

/**
 * The message with its signature, `v1.<id of the key>.<base64url of the HMAC-SHA256>`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
export function signed(envelope: Envelope, { id, key }: SigningKey): Envelope {
  return { ...envelope, signature: `${SCHEME}.${id}.${macOf(envelope, key).toString('base64url')}` };
}

/** Why a signature is not taken. */
export interface WrongSignature {
  readonly error: InvalidSignature;
  /** Whether the key is not among those that are known: it may have been added since they were read. */
  readonly unknownKey: boolean;
}

/**
 * What is wrong with a message's signature; `undefined` where one of the keys has made it.
 *
 * @throws UnknownEncoding when its payload is compressed in a way that is not known
 * @throws MalformedMessage when what is compressed is no payload
 */
export function wrongSignature(envelope: Envelope, keys: readonly SigningKey[]): WrongSignature | undefined {
  const { signature } = envelope;
  if (signature === undefined) return wrong('The message has no signature');
  const [scheme, id = '', mac = '', ...rest] = signature.split('.');
  if (scheme !== SCHEME || rest.length > 0) return wrong(`The message's signature is none of the kind '${SCHEME}'`);
  const key = keys.find((one) => one.id === id);
  if (!key) return { ...wrong("The message's signature names a key that is not among the ledger's"), unknownKey: true };
  const right = macOf(envelope, key.key);
  const given = Buffer.from(mac, 'base64url');
  if (given.byteLength === right.byteLength && timingSafeEqual(given, right)) return undefined;
  return wrong(`The message is not what the key '${id}' has signed`);
}

function wrong(message: string): WrongSignature {
  return { error: new InvalidSignature(message), unknownKey: false };
}

function macOf(envelope: Envelope, key: string): Buffer {
  const attributes = SIGNED.map((name) => envelope[name] ?? null);
  return createHmac('sha256', key)
    .update(JSON.stringify([...attributes, payloadOf(envelope)]))
    .digest();
}
