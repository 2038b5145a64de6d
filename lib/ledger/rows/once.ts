import { InvalidPayload, LimitExceeded } from '../../contract/errors.ts';
import { LIMITS } from '../../contract/limits.ts';
import { type Expiring, type LedgerKey, ONCE_PREFIX } from './layout.ts';

/** Which message took an idempotency key. */
export interface OnceRow extends LedgerKey, Partial<Expiring> {
  readonly message: string;
  /** Milliseconds since the epoch; afterwards the key may be taken again, whether or not the row is still there. */
  readonly until: number;
}

/**
 * Where it is written which message took an idempotency key.
 *
 * @throws LimitExceeded when the key is empty or has more than 1,024 bytes
 * @throws InvalidPayload when it holds half a surrogate pair: UTF-8 has none, so that two such keys could become one
 */
export function onceKey(subscriber: string, idempotencyKey: string): LedgerKey {
  refuseUnfit(idempotencyKey, `An idempotency key of '${subscriber}'`);
  return { pk: `${ONCE_PREFIX}${subscriber}#${idempotencyKey}`, sk: 'once' };
}

/**
 * @param what names the key in errors
 * @throws LimitExceeded, InvalidPayload when a text cannot be the end of a row's partition key
 */
export function refuseUnfit(key: string, what: string): void {
  if (!key.isWellFormed()) throw new InvalidPayload(`${what} is not well-formed Unicode`);
  const bytes = Buffer.byteLength(key);
  if (bytes > 0 && bytes <= LIMITS.idempotencyKeyBytes) return;
  throw new LimitExceeded(
    `${what} has ${bytes} bytes; it takes 1 to ${LIMITS.idempotencyKeyBytes}. A digest of the value is a key too`,
  );
}
