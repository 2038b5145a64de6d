import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { WaybillError } from '../contract/errors.ts';

/** The stable code of an error: Waybill's own, else the name that AWS or the language gave it. */
export function errorCode(error: unknown): string {
  if (error instanceof WaybillError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** The shape of the errors of AWS SDK clients. */
export interface ServiceError extends Error {
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: object;
}

/**
 * What lies in place of a row whose write DynamoDB refused, since its condition does not hold. `row`: where the request
 * asked for it and there is one.
 *
 * @returns undefined for any other error
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html#API_PutItem_Errors
 */
export function refusedRow(error: unknown): { readonly row?: Record<string, AttributeValue> } | undefined {
  if (errorCode(error) !== 'ConditionalCheckFailedException') return undefined;
  return { row: (error as { readonly Item?: Record<string, AttributeValue> }).Item };
}

const PASSING =
  /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|TransactionInProgress|TransactionConflict|Timeout/;

/**
 * Whether an AWS call may succeed a moment later: yes for throttling, failures of the service and of the network, no for
 * what an operator has to mend, such as a missing permission.
 */
export function mayPass(error: ServiceError): boolean {
  return error.$fault !== 'client' || PASSING.test(error.name);
}

/** Whether an error that a handler threw came from an AWS call and may pass: it says nothing about the message. */
export function isPassingServiceError(error: unknown): boolean {
  return error instanceof Error && (error as ServiceError).$metadata !== undefined && mayPass(error);
}

const MAX_DETAIL = 1_000;

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
