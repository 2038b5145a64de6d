import { type Environment, whileInitializing } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { SigningKeysUnavailable } from '../contract/errors.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Signer } from './signing-keys.ts';

const signers = new WeakMap<Environment, Signer>();

// So that the first message of a process waits for no key.
whileInitializing((environment) => learnKeys(environment));

/** Whether the ledger that an environment works on signs its messages. */
export function signs({ variables }: Environment): boolean {
  return Boolean(variables[BINDINGS.signingSecret]);
}

/**
 * Has an environment know the keys of a ledger that signs. They are read when it starts, whoever asks, and once an hour: where
 * they cannot be read again, those that are known go on.
 *
 * @param since keys that were asked for before are read again, in milliseconds since the epoch. @default an hour ago
 * @throws SigningKeysUnavailable when they cannot be read, and none are known, or none that are so new
 */
export async function learnKeys(environment: Environment, since?: number): Promise<void> {
  const { [BINDINGS.signingSecret]: secret } = environment.variables;
  if (!secret) return;
  const { signerFor } = await import('./signing-keys.ts');
  signers.set(environment, await signerFor(environment, secret, since));
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
