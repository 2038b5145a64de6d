import { MalformedMessage, UnknownEncoding } from '../contract/errors.ts';
import { parseJson } from '../contract/json.ts';
import { LIMITS } from '../contract/limits.ts';

/** The payload of a message: as it is, or compressed. */
interface Carried {
  readonly data?: unknown;
  readonly data_base64?: string;
  readonly contentencoding?: string;
}

/** Deflate in a gzip frame (RFC 1952): `base64 -d | gunzip` reads it in any shell. */
export const GZIP = 'gzip';

/** How payloads may be compressed, by the values of `contentencoding`. */
export const ENCODINGS: readonly string[] = [GZIP];

/** The bytes of a JSON text, compressed. At once, since what is published is committed without a pause in between. */
export function compressed(text: string): Uint8Array {
  return zlib().gzipSync(text);
}

/** A message whose payload is these compressed bytes. */
export function withCompressed<Message extends Carried>(message: Message, bytes: Uint8Array): Message {
  const { data: _, ...rest } = message;
  return { ...rest, contentencoding: GZIP, data_base64: Buffer.from(bytes).toString('base64') } as Message;
}

/**
 * The payload of a message as JSON carries it, whether or not it is compressed. No more is unpacked than the limit allows.
 *
 * @param encodings those that are known
 * @throws UnknownEncoding when it is compressed in another way
 * @throws MalformedMessage when it is not compressed as it says, or holds no JSON or too much of it
 */
export function payloadOf(
  { data, data_base64, contentencoding = '' }: Carried,
  encodings: readonly string[] = ENCODINGS,
): unknown {
  if (data_base64 === undefined) return data;
  if (!encodings.includes(contentencoding)) {
    throw new UnknownEncoding(`The payload is encoded as '${contentencoding.slice(0, 64)}', which is not known here`);
  }
  return parseJson(uncompressed(Buffer.from(data_base64, 'base64')));
}

/** The message with its payload as it is: not compressed, unless in a way that is not known. */
export function uncompressedMessage<Message extends Carried>(message: Message): Message {
  const { data_base64, contentencoding, ...rest } = message;
  if (data_base64 === undefined || contentencoding !== GZIP) return message;
  return { ...rest, data: payloadOf(message) } as Message;
}

function uncompressed(bytes: Uint8Array): string {
  try {
    // Given up as soon as it is too much, whatever the rest would come to.
    return UTF8.decode(zlib().gunzipSync(bytes, { maxOutputLength: LIMITS.wireBytes }));
  } catch (error) {
    const isTooMuch = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new MalformedMessage(
      isTooMuch
        ? `The payload is larger than ${LIMITS.wireBytes} bytes once it is unpacked`
        : 'The payload is not the gzip of a UTF-8 text',
    );
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Not imported: whoever imports the contract would wait for it, and most messages are too small to be compressed. */
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}
