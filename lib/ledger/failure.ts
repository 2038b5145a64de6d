import { describeError, errorCode } from '../aws/errors.ts';
import { Expression } from '../aws/expression.ts';
import type { Envelope } from '../message/envelope.ts';
import { type Ledger, updateRow } from './ledger.ts';
import { type FailureRow, failureKey } from './rows/failure.ts';
import { type LedgerKey, ttlAfter } from './rows/layout.ts';

export interface Failure {
  readonly subscriber: string;
  readonly envelope: Envelope;
  readonly error: unknown;
  /** When the message is delivered again after so many failed attempts, in milliseconds since the epoch. */
  readonly next: (attempts: number) => number;
  /** The failed attempts that are expected: where it is right, one write says all. */
  readonly guess: number;
  /** Whether it counts as an attempt; `first`: the count begins anew. */
  readonly counts: boolean | 'first';
  /** The operation that had sent it again, if one had. */
  readonly redrive?: string | undefined;
}

/**
 * Says in its failure row why a message comes again, and when.
 *
 * @returns the failed attempts so far
 */
export async function noteFailure(
  ledger: Ledger,
  { subscriber, envelope, error, next, guess, counts, redrive }: Failure,
): Promise<number> {
  const expression = new Expression('a failure');
  const isFirst = counts === 'first';
  const set = {
    ...(isFirst && { attempts: 1 }),
    ...(counts && redrive && { redrive }),
    reason: errorCode(error),
    detail: describeError(error),
    next: next(isFirst ? 1 : guess),
    ttl: ttlAfter(envelope.expires),
  };
  const assignments = Object.entries(set).map(
    ([column, value]) => `${expression.name(column)} = ${expression.value(column, value)}`,
  );
  const count = isFirst ? '' : ` ADD ${expression.name('attempts')} ${expression.value('attempts', counts ? 1 : 0)}`;
  const key = failureKey(subscriber, envelope.id);
  const { row } = await updateRow<FailureRow>(ledger, key, {
    UpdateExpression: `SET ${assignments.join(', ')}${count}`,
    ...expression.attributes(),
    ReturnValues: 'UPDATED_NEW',
  });
  const attempts = Number(row?.attempts);
  if (next(attempts) !== set.next) await correctNext(ledger, key, attempts, next(attempts));
  return attempts;
}

/** Unless another attempt has been counted since. */
async function correctNext(ledger: Ledger, key: LedgerKey, attempts: number, next: number): Promise<void> {
  const expression = new Expression('a failure');
  const [count, moment] = [expression.name('attempts'), expression.name('next')];
  await updateRow(ledger, key, {
    UpdateExpression: `SET ${moment} = ${expression.value('next', next)}`,
    ConditionExpression: `${count} = ${expression.value('attempts', attempts)}`,
    ...expression.attributes(),
  });
}
