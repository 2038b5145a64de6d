import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { describeError, errorCode } from '../aws/errors.ts';
import { Expression, toItem } from '../aws/expression.ts';
import type { Envelope } from '../message/envelope.ts';
import { failureKey } from './rows/failure.ts';
import { INBOX_AFTERLIFE } from './rows/layout.ts';

export interface Failure {
  readonly subscriber: string;
  readonly envelope: Envelope;
  readonly error: unknown;
  /** When the message is delivered again, in milliseconds since the epoch. */
  readonly next: number;
  /** Whether the count begins anew. */
  readonly isFirst: boolean;
}

/**
 * Counts a failed attempt at a message in its failure row.
 *
 * @returns the failed attempts so far
 */
export async function countFailure(
  environment: Environment,
  ledger: string,
  { subscriber, envelope, error, next, isFirst }: Failure,
): Promise<number> {
  const expression = new Expression();
  const set = {
    ...(isFirst && { attempts: 1 }),
    reason: errorCode(error),
    detail: describeError(error),
    next,
    ttl: Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000),
  };
  const assignments = Object.entries(set).map(
    ([column, value]) => `${expression.name(column)} = ${expression.value(value)}`,
  );
  const count = isFirst ? '' : ` ADD ${expression.name('attempts')} ${expression.value(1)}`;
  const reply = await environment.dynamodb.send(
    new UpdateItemCommand({
      TableName: ledger,
      Key: toItem(failureKey(subscriber, envelope.id)),
      UpdateExpression: `SET ${assignments.join(', ')}${count}`,
      ...expression.attributes(),
      ReturnValues: 'UPDATED_NEW',
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return Number(reply.Attributes?.attempts?.N);
}
