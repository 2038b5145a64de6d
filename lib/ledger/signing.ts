import { type Environment, whileInitializing } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { SigningKeysUnavailable } from '../contract/errors.ts';
import type { Envelope } from '../message/envelope.ts';
import type { WrongSignature } from '../message/signature.ts';

/** What signs a ledger's messages and knows their signatures, by the keys as they were read last. */
export interface Signer {
  /** When the keys were read, in milliseconds since the epoch. */
  readonly read: number;
  /** The message with the signature of the newest key. */
  sign(envelope: Envelope): Envelope;
  /** @throws UnknownEncoding, MalformedMessage as `wrongSignature` */
  wrong(envelope: Envelope): WrongSignature | undefined;
}

const signers = new WeakMap<Environment, Signer>();

// So that the first message of a process waits for no key.
whileInitializing(learnKeys);

/** Whether the ledger that an environment works on signs its messages. */
export function signs({ variables }: Environment): boolean {
  return Boolean(variables[BINDINGS.signingSecret]);
}

/**
 * Has an environment know the keys of a ledger that signs: read once when it starts, and beside an invocation an hour later
 * again. Elsewhere nothing happens.
 *
 * @param since keys that were read before are read again, in milliseconds since the epoch. @default those that are known do
 * @throws SigningKeysUnavailable when they cannot be read, and none are known
 */
export async function learnKeys(environment: Environment, since?: number): Promise<void> {
  const secret = environment.variables[BINDINGS.signingSecret];
  if (!secret) return;
  const known = signers.get(environment);
  const { freshSigner } = await import('./signing-keys.ts');
  const fresh = await freshSigner(environment, secret, known, since);
  if (fresh) signers.set(environment, fresh);
}

/** The message as it is committed: signed, where its ledger signs. */
export function sealed(environment: Environment, envelope: Envelope): Envelope {
  return signs(environment) ? signerOf(environment).sign(envelope) : envelope;
}

/**
 * What signs in an environment.
 *
 * @throws SigningKeysUnavailable when it has never learned the keys
 */
export function signerOf(environment: Environment): Signer {
  const signer = signers.get(environment);
  if (signer) return signer;
  throw new SigningKeysUnavailable('The signing keys of the ledger have not been read');
}
