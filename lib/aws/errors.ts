import { inspect } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { isWaybillError, safely } from '../contract/errors.ts';

/** The stable code of what was thrown: Waybill's own, else the name that AWS or the language gave it. Never throws. */
export function errorCode(error: unknown): string {
  const code = isWaybillError(error) ? error.code : labelOf(error);
  return (code ?? 'unknown').slice(0, MAX_CODE);
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
export function mayPass(error: unknown): boolean {
  return property(error, '$fault') !== 'client' || PASSING.test(textIn(error, 'name') ?? '');
}

/** Whether an error that a handler threw came from an AWS call and may pass: it says nothing about the message. */
export function isPassingServiceError(error: unknown): boolean {
  return property(error, '$metadata') !== undefined && mayPass(error);
}

const MAX_CODE = 200;
const MAX_DETAIL = 1_000;

/**
 * What was thrown as it is kept with a message: its class or code and its message, bounded. It may quote the payload, so
 * it is never logged. Never throws.
 */
export function describeError(error: unknown): string {
  return described(error).slice(0, MAX_DETAIL);
}

function described(error: unknown): string {
  const message = isWaybillError(error) ? error.detail : textIn(error, 'message');
  const said = [labelOf(error), message].filter((part) => part !== undefined).join(': ');
  return said || (typeof error === 'string' ? error : (safely(() => inspect(error)) ?? 'a value without a text'));
}

/** The message of what was thrown, without its class. Never throws. */
export function errorMessage(error: unknown): string {
  return textIn(error, 'message') ?? described(error);
}

/**
 * Where an error was thrown, for logs: its class and stack frames, without its message, which may quote the payload.
 * Never throws.
 */
export function errorTrace(error: unknown): Record<string, unknown> {
  const frames = safely(() => framesOf(error)) ?? [];
  return { error: errorCode(error), stack: frames.slice(0, 5) };
}

const MAX_PLACE = 300;

/** The first frame of an error's stack that is neither Node's nor a package's, bounded; the first of all where there is none. Never throws. */
export function errorPlace(error: unknown): string | undefined {
  const frames = safely(() => framesOf(error)) ?? [];
  return (frames.find((frame) => !/node:|node_modules/.test(frame)) ?? frames[0])?.slice(0, MAX_PLACE);
}

function framesOf(error: unknown): string[] {
  const stack = property(error, 'stack');
  // What an `Error.prepareStackTrace` of the application makes of a stack: usually its call sites.
  if (Array.isArray(stack)) return stack.map((site) => `at ${site}`);
  if (typeof stack !== 'string') return [];
  // The stack begins with the message, whose lines may look like frames.
  const message = textIn(error, 'message') ?? '';
  const start = stack.indexOf(message);
  const frames = start === -1 ? stack : stack.slice(start + message.length);
  return frames
    .split('\n')
    .filter((line) => FRAME.test(line))
    .map((frame) => frame.trim());
}

/** `at name (file:line:column)` or `at file:line:column` */
const FRAME = /^\s+at .*(?::\d+:\d+\)?|\(<anonymous>\))$/;

/** An error is called by its name; any other object by its code, as drivers of databases throw them. */
function labelOf(error: unknown): string | undefined {
  const [name, code] = [textIn(error, 'name'), textIn(error, 'code')];
  return property(error, 'stack') === undefined ? (code ?? name) : (name ?? code ?? 'Error');
}

function textIn(error: unknown, name: string): string | undefined {
  const text = property(error, name);
  return (typeof text === 'string' && text) || typeof text === 'number' ? String(text) : undefined;
}

/** A handler may throw anything: nothing, a proxy, an object whose getters throw. */
function property(error: unknown, name: string): unknown {
  return safely(() => (error as Record<string, unknown>)[name]);
}
