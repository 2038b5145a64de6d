import { describe, expect, it } from 'vitest';
import * as contract from '../../lib/public/index.ts';
import { AttemptsExhausted, HandlerUnfinished, ReceivesExhausted } from '../../lib/public/runtime.ts';

type ErrorClass = new (message: string) => contract.WaybillError;

/** What the constructor takes in place of a message. */
const GIVEN: Readonly<Record<string, string>> = { RetryLater: '10m' };

/** What only ever ends a message is of the door of whoever handles it. */
const ends = { AttemptsExhausted, HandlerUnfinished, ReceivesExhausted };

const classes = Object.entries<unknown>({ ...contract, ...ends }).filter((entry): entry is [string, ErrorClass] =>
  isErrorClass(entry[1]),
);

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof contract.WaybillError;
}

describe('the errors of the contract', () => {
  it('have codes that stay as they are: dead letters and inbox rows carry them', () => {
    const codes = Object.fromEntries(classes.map(([name, Class]) => [name, new Class(GIVEN[name] ?? 'x').code]));
    expect(codes).toEqual({
      AttemptsExhausted: 'attempts-exhausted',
      CommitUndecided: 'commit-undecided',
      ConditionFailed: 'condition-failed',
      HalfMessageDecided: 'half-message-decided',
      HandlerUnfinished: 'handler-unfinished',
      InvalidDefinition: 'invalid-definition',
      InvalidPayload: 'invalid-payload',
      LimitExceeded: 'limit-exceeded',
      MalformedMessage: 'malformed-message',
      MessageExpired: 'expired',
      MissingBinding: 'missing-binding',
      NewerEventVersion: 'newer-event-version',
      NotRegistered: 'not-registered',
      ReadFailed: 'read-failed',
      ReceivesExhausted: 'receives-exhausted',
      Rejected: 'rejected',
      RetryLater: 'retry-later',
      SendFailed: 'send-failed',
      TransactionMisused: 'transaction-misused',
      TransactionRefused: 'transaction-refused',
      UnknownEventType: 'unknown-event-type',
      UnknownMessage: 'unknown-message',
    });
  });

  it.each(classes.filter(([name]) => !(name in GIVEN)))(
    '%s is an Error with its own name, its message and its detail',
    (name, Class) => {
      const error = new Class('what was given, and what to do');
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ name, message: 'what was given, and what to do' });
      expect(error.detail).toBe('what was given, and what to do');
      expect(error.stack).toContain(name);
    },
  );
});
