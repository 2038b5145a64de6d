import { type Environment, quietly } from '../aws/environment.ts';
import { errorCode, errorTrace } from '../aws/errors.ts';
import { SigningKeysUnavailable } from '../contract/errors.ts';
import { parseJson } from '../contract/json.ts';
import { HOUR_MS } from '../contract/time.ts';
import { type SigningKey, signed, wrongSignature } from '../message/signature.ts';
import type { Signer } from './signing.ts';

/** Keys that are older are read again. */
const KNOWN_MS = HOUR_MS;

/** No number, since an object has those first, wherever they were written. */
const KEY_ID = /^[a-z][a-z0-9-]{0,31}$/;
/** Half of what HMAC-SHA256 takes as one block: 256 bits, where the characters are those of base64. */
const LEAST_CHARACTERS = 32;

/**
 * What signs by the keys as they are now; `undefined` where those that are known do. Where they cannot be read again, those
 * that are known go on.
 *
 * @throws SigningKeysUnavailable when they cannot be read, and none are known
 */
export async function freshSigner(
  environment: Environment,
  secret: string,
  known: Signer | undefined,
  since: number | undefined,
): Promise<Signer | undefined> {
  const now = environment.now();
  if (known && known.read > now - KNOWN_MS && (since === undefined || known.read >= since)) return undefined;
  try {
    return signerBy(keysIn(await readSecret(environment, secret)), now);
  } catch (error) {
    if (!known) throw error;
    quietly(() => environment.log.warn('signing keys not read', errorTrace(error)));
    return undefined;
  }
}

function signerBy(keys: readonly SigningKey[], read: number): Signer {
  const newest = keys.at(-1) as SigningKey;
  return {
    read,
    sign: (envelope) => signed(envelope, newest),
    wrong: (envelope) => wrongSignature(envelope, keys),
  };
}

async function readSecret(environment: Environment, secret: string): Promise<string | undefined> {
  const { GetSecretValueCommand } = await import('../aws/secrets-client.ts');
  try {
    const client = await environment.secrets();
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secret }));
    return SecretString;
  } catch (cause) {
    throw new SigningKeysUnavailable(`The secret '${secret}' could not be read: ${errorCode(cause)}`, { cause });
  }
}

/** The keys in the text of a secret, the newest last. What is wrong is said without a word of what is in it. */
function keysIn(text: string | undefined): readonly SigningKey[] {
  const value = objectIn(text);
  const keys = Object.entries(value).map(([id, key]) => ({ id, key }));
  if (keys.length === 0) throw refused('is empty');
  const isKey = (one: { readonly id: string; readonly key: unknown }): one is SigningKey =>
    KEY_ID.test(one.id) && typeof one.key === 'string' && one.key.length >= LEAST_CHARACTERS;
  if (keys.every(isKey)) return keys;
  throw refused('holds something else');
}

function objectIn(text: string | undefined): object {
  try {
    const value: unknown = parseJson(text ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The parser would quote what it cannot read.
  }
  throw refused('is no JSON object');
}

function refused(what: string): SigningKeysUnavailable {
  return new SigningKeysUnavailable(
    `The secret of the signing keys ${what}: give a JSON object of an id (a-z, 0-9, -) and at least ${LEAST_CHARACTERS} characters for each key, the newest last`,
  );
}
