import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { MINUTE_MS } from '../../../contract/time.ts';
import { idempotentParameterMismatch, validationException } from './exceptions.ts';

const LIFE_MS = 10 * MINUTE_MS;
const MAX_CHARACTERS = 36;

/**
 * The client request tokens of transactions that were applied in the last 10 minutes.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export class RequestTokens {
  readonly #now: () => number;
  readonly #used = new Map<string, { readonly until: number; readonly request: string }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Whether the token was used for the same actions already.
   *
   * @throws IdempotentParameterMismatchException when it was used for others
   */
  isRepeated(token: string | undefined, actions: readonly TransactWriteItem[]): boolean {
    if (!token) return false;
    if (token.length > MAX_CHARACTERS) {
      throw validationException(
        `1 validation error detected: Value '${token}' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to ${MAX_CHARACTERS}`,
      );
    }
    const used = this.#used.get(token);
    if (!used || used.until <= this.#now()) return false;
    if (used.request !== textOf(actions)) throw idempotentParameterMismatch();
    return true;
  }

  remember(token: string | undefined, actions: readonly TransactWriteItem[]): void {
    const now = this.#now();
    // The oldest come first: none is looked at that is still to be kept, however many are.
    for (const [known, { until }] of this.#used) {
      if (until > now) break;
      this.#used.delete(known);
    }
    if (token) this.#used.set(token, { until: now + LIFE_MS, request: textOf(actions) });
  }
}

/** A text that is the same for the same actions, in whatever order their members were written. */
function textOf(actions: readonly TransactWriteItem[]): string {
  return JSON.stringify(actions, (_, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
