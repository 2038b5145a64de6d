import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Envelope, failureKey, INBOX_AFTERLIFE, WaybillError } from '../contract/index.ts';
import type { Environment } from './environment.ts';
import { errorCode } from './error-code.ts';
import { Expression, toItem } from './expression.ts';

const MAX_DETAIL = 1_000;

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
  const frames = error instanceof Error ? framesOf(error) : [];
  return { error: errorCode(error), stack: frames.slice(0, 5) };
}

/** The stack begins with the message, whose lines may look like frames. */
function framesOf({ message, stack = '' }: Error): string[] {
  const start = stack.indexOf(message);
  const frames = start === -1 ? stack : stack.slice(start + message.length);
  return frames
    .split('\n')
    .filter((line) => FRAME.test(line))
    .map((frame) => frame.trim());
}

/** `at name (file:line:column)` or `at file:line:column` */
const FRAME = /^\s+at .*(?::\d+:\d+\)?|\(<anonymous>\))$/;
