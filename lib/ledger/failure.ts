import { describeError, errorCode } from '../aws/errors.ts';
import { Expression } from '../aws/expression.ts';
import type { Envelope } from '../message/envelope.ts';
import { type Ledger, updateRow } from './ledger.ts';
import { type FailureRow, failureKey } from './rows/failure.ts';
import { INBOX_AFTERLIFE } from './rows/layout.ts';

export interface Failure {
  readonly subscriber: string;
  readonly envelope: Envelope;
  readonly error: unknown;
  /** When the message is delivered again, in milliseconds since the epoch. */
  readonly next: number;
  /** Whether it counts as an attempt; `first`: the count begins anew. */
  readonly counts: boolean | 'first';
}

/**
 * Says in its failure row why a message comes again, and when.
 *
 * @returns the failed attempts so far
 */
export async function noteFailure(
  ledger: Ledger,
  { subscriber, envelope, error, next, counts }: Failure,
): Promise<number> {
  const expression = new Expression('a failure');
  const isFirst = counts === 'first';
  const set = {
    ...(isFirst && { attempts: 1 }),
    reason: errorCode(error),
    detail: describeError(error),
    next,
    ttl: Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000),
  };
  const assignments = Object.entries(set).map(
    ([column, value]) => `${expression.name(column)} = ${expression.value(column, value)}`,
  );
  const count = isFirst ? '' : ` ADD ${expression.name('attempts')} ${expression.value('attempts', counts ? 1 : 0)}`;
  const { row } = await updateRow<FailureRow>(ledger, failureKey(subscriber, envelope.id), {
    UpdateExpression: `SET ${assignments.join(', ')}${count}`,
    ...expression.attributes(),
    ReturnValues: 'UPDATED_NEW',
  });
  return Number(row?.attempts);
}
