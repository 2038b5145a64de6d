import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Envelope, failureKey, INBOX_AFTERLIFE, WaybillError } from '../contract/index.ts';
import type { Environment } from './environment.ts';
import { errorCode } from './error-code.ts';
import { Expression, toItem } from './expression.ts';

const MAX_DETAIL = 1_000;

/**
 * Counts a failed attempt at a message in its failure row.
 *
 * @param next when it is delivered again, in milliseconds since the epoch
 * @returns the failed attempts so far
 */
export async function countFailure(
  environment: Environment,
  ledger: string,
  subscriber: string,
  envelope: Envelope,
  error: unknown,
  next: number,
): Promise<number> {
  const expression = new Expression();
  const set = {
    reason: errorCode(error),
    detail: describeError(error),
    next,
    ttl: Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000),
  };
  const assignments = Object.entries(set).map(
    ([column, value]) => `${expression.name(column)} = ${expression.value(value)}`,
  );
  const reply = await environment.dynamodb.send(
    new UpdateItemCommand({
      TableName: ledger,
      Key: toItem(failureKey(subscriber, envelope.id)),
      UpdateExpression: `SET ${assignments.join(', ')} ADD ${expression.name('attempts')} ${expression.value(1)}`,
      ...expression.attributes(),
      ReturnValues: 'UPDATED_NEW',
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return Number(reply.Attributes?.attempts?.N);
}

/** An error as it is kept with a message: its class and message, bounded. It may quote the payload, so it is never logged. */
export function describeError(error: unknown): string {
  return textOf(error).slice(0, MAX_DETAIL);
}

function textOf(error: unknown): string {
  if (error instanceof WaybillError) return `${error.name}: ${error.detail}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Where an error was thrown, for logs: its class and stack frames, without its message, which may quote the payload. */
export function errorTrace(error: unknown): Record<string, unknown> {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return { error: errorCode(error), stack: frames.slice(0, 5).map((frame) => frame.trim()) };
}
