import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Environment, quietly, type Sender } from '../aws/environment.ts';
import { errorCode, errorTrace } from '../aws/errors.ts';
import { countUsage } from '../aws/usage.ts';
import { SigningKeysUnavailable } from '../contract/errors.ts';
import { parseJson } from '../contract/json.ts';
import { HOUR_MS } from '../contract/time.ts';
import type { Envelope } from '../message/envelope.ts';
import { type SigningKey, signed, type WrongSignature, wrongSignature } from '../message/signature.ts';

/** What signs a ledger's messages and knows their signatures, by keys that were read. */
export interface Signer {
  /** The message with the signature of the newest key. */
  sign(envelope: Envelope): Envelope;
  /** @throws UnknownEncoding, MalformedMessage as `wrongSignature` */
  wrong(envelope: Envelope): WrongSignature | undefined;
}

/** What an environment knows of the keys. */
interface Known {
  /** When they were asked for last, in milliseconds since the epoch. */
  readonly asked: number;
  readonly signer: Promise<Signer>;
}

const known = new WeakMap<Environment, Known>();

/** No number, since an object has those first, wherever they were written. */
const KEY_ID = /^[a-z][a-z0-9-]{0,31}$/;
/** Half of what HMAC-SHA256 takes as one block: 256 bits, where the characters are those of base64. */
const LEAST_CHARACTERS = 32;

/** What signs by keys that are not older than `since`; see `learnKeys`. Who asks at once is answered by one reading. */
export function signerFor(environment: Environment, secret: string, since: number | undefined): Promise<Signer> {
  const asked = environment.now();
  const before = known.get(environment);
  if (before && before.asked >= (since ?? asked - HOUR_MS)) return before.signer;
  const signer = readSigner(environment, secret).catch((error: unknown) => {
    if (before) known.set(environment, before);
    else known.delete(environment);
    if (!before || since !== undefined) throw error;
    quietly(() => environment.log.warn('signing keys not read', errorTrace(error)));
    return before.signer;
  });
  known.set(environment, { asked, signer });
  return signer;
}

async function readSigner(environment: Environment, secret: string): Promise<Signer> {
  const keys = keysIn(await readSecret(environment, secret));
  const newest = keys.at(-1) as SigningKey;
  return { sign: (envelope) => signed(envelope, newest), wrong: (envelope) => wrongSignature(envelope, keys) };
}

/** Of this process. */
let client: Promise<Sender<SecretsManagerClient>> | undefined;

/** Not among the environment's own clients, since most functions carry none of it. */
function secretsOf(environment: Environment): Promise<Sender<SecretsManagerClient>> {
  if (environment.secrets) return environment.secrets();
  client ??= import('../aws/secrets-client.ts').then(({ SecretsManagerClient }) =>
    countUsage(new SecretsManagerClient(LIMITS), environment.usage),
  );
  return client;
}

/** Three attempts of at most 5 s each. */
const LIMITS = { requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } };

async function readSecret(environment: Environment, secret: string): Promise<string | undefined> {
  const { GetSecretValueCommand } = await import('../aws/secrets-client.ts');
  try {
    const client = await secretsOf(environment);
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
