import type { Put } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import { TransactionMisused } from '../contract/errors.ts';
import { momentOfChecked } from '../contract/timestamp.ts';
import { INBOX_AFTERLIFE } from '../ledger/rows/layout.ts';
import { type OnceRow, onceKey } from '../ledger/rows/once.ts';
import type { Envelope } from '../message/envelope.ts';

/** A claim of an idempotency key. */
export interface KeyClaim {
  readonly ledger: string;
  /** Who owns the key: the subscriber. */
  readonly owner: string;
  readonly key: string;
  readonly keep: Duration | 'forever' | undefined;
  /** The message that takes the key. */
  readonly cause: Envelope | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The write that takes an idempotency key, on condition that nobody has it.
 *
 * @throws TransactionMisused when the key would be forgotten while copies of its message can come
 * @throws LimitExceeded, InvalidPayload when the key cannot be part of a row's key
 */
export function idempotencyKeyPut(claim: KeyClaim): Put {
  const { ledger, owner, key, keep, cause, now } = claim;
  const until = keptUntil(claim);
  const row: OnceRow = {
    ...onceKey(owner, key),
    message: cause?.id ?? '',
    until,
    ...(keep !== 'forever' && { ttl: Math.ceil(until / 1000) }),
  };
  return {
    TableName: ledger,
    Item: toItem(row),
    ConditionExpression: 'attribute_not_exists(pk) OR #until < :now',
    ExpressionAttributeNames: { '#until': 'until' },
    ExpressionAttributeValues: { ':now': { N: String(now) } },
  };
}

/** Until when a key is kept, in milliseconds since the epoch: at least as long as a copy of its message can come. */
function keptUntil({ owner, keep, cause, now }: KeyClaim): number {
  const lastCopy = cause ? momentOfChecked(cause.expires) + INBOX_AFTERLIFE : now;
  if (keep === 'forever') return Number.MAX_SAFE_INTEGER;
  if (keep === undefined) return lastCopy;
  const until = now + durationToMilliseconds(keep);
  if (until >= lastCopy) return until;
  throw new TransactionMisused(
    `'${owner}' keeps an idempotency key for ${keep}, but copies can come until ${new Date(lastCopy).toISOString()}: leave out \`keep\`, or give more`,
  );
}
