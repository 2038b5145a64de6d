import {
  type GetSecretValueCommandInput,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { Engine } from './engine.ts';
import { refuseOthers } from './refuse-others.ts';
import type { Operations } from './wire.ts';

const $metadata = { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 } as const;

/** Secrets Manager in memory: GetSecretValue of texts. Not there: versions, binary secrets, rotation, permissions. */
export class SecretsEngine extends Engine<SecretsManagerClient> {
  protected override readonly operations: Operations;
  readonly #secrets = new Map<string, string>();

  /** @param clock.now milliseconds since the epoch */
  constructor(clock: { readonly now: () => number }) {
    super(clock);
    this.operations = { GetSecretValue: (input) => this.#getSecretValue(input) };
  }

  /** Makes a secret, or gives it another value. */
  put(name: string, text: string): void {
    this.#secrets.set(name, text);
  }

  #getSecretValue(input: GetSecretValueCommandInput) {
    refuseOthers('GetSecretValue', input, ['SecretId']);
    const SecretString = this.#secrets.get(input.SecretId ?? '');
    if (SecretString !== undefined) return { Name: input.SecretId, SecretString };
    const message = "Secrets Manager can't find the specified secret.";
    throw new ResourceNotFoundException({ $metadata, message });
  }
}
