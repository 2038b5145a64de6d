/**
 * On the errors of every copy of the package: a process may have loaded two, as in a monorepo, and `instanceof` knows only
 * the classes of one.
 */
const MARK = Symbol.for('waybill.error');

/**
 * The base of every error that Waybill throws. `code` is stable: match on it, not on the message. Where the error ends
 * a message, the code is also the reason on its dead letter.
 */
export abstract class WaybillError extends Error {
  abstract readonly code: string;

  static {
    Object.defineProperty(WaybillError.prototype, MARK, { value: true });
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** All that is known, which may quote what was given: it belongs beside the message itself, never in a log. */
  get detail(): string {
    return this.message;
  }
}

/** Whether a value is an error of Waybill, of this copy of the package or another. Never throws. */
export function isWaybillError(error: unknown): error is WaybillError {
  return safely(() => (error as { readonly [MARK]?: unknown })[MARK] === true) ?? false;
}

/** Whether a value is the error of Waybill with that code, of this copy of the package or another. Never throws. */
export function hasCode(error: unknown, code: string): error is WaybillError {
  return isWaybillError(error) && error.code === code;
}

/** Whether a value is a `Rejected` or of a class that extends it, of this copy of the package or another. Never throws. */
export function isRejected(error: unknown): error is Rejected {
  return isWaybillError(error) && (error instanceof Rejected || error.code === 'rejected');
}

/** What `read` returns; `undefined` where it throws, as proxies and getters of what was thrown may do. */
export function safely<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** An event, table or subscriber was declared in a way that cannot work. Thrown when the contract is loaded. */
export class InvalidDefinition extends WaybillError {
  readonly code = 'invalid-definition';
}

/**
 * A payload or a row does not satisfy its schema, or holds what JSON or DynamoDB does not. The message names the fields, never their values; `detail` adds what
 * the schema says of them, in which some libraries quote the value.
 */
export class InvalidPayload extends WaybillError {
  readonly code = 'invalid-payload';
  /** The paths of the offending fields, e.g. `lines.0.quantity`; empty when the value as a whole is wrong. */
  readonly fields: readonly string[];
  /** Private, so that no logger finds it among the error's properties. */
  readonly #detail: string;

  constructor(message: string, options: { readonly fields?: readonly string[]; readonly detail?: string } = {}) {
    super(message);
    this.fields = options.fields ?? [];
    this.#detail = options.detail ?? message;
  }

  override get detail(): string {
    return this.#detail;
  }
}

/** A payload, key or transaction is over a limit. Thrown before anything is committed or sent. */
export class LimitExceeded extends WaybillError {
  readonly code = 'limit-exceeded';
}

/** Bytes on the wire that are no envelope: not JSON, too deep, too large, or without the attributes of one. */
export class MalformedMessage extends WaybillError {
  readonly code = 'malformed-message';
}

/**
 * A well-formed envelope of an event type that the subscriber does not consume: the deploy that knows it is on its way, so
 * it is retried until it expires.
 */
export class UnknownEventType extends WaybillError {
  readonly code = 'unknown-event-type';
}

/**
 * A message in a stream of which no route says yet whether the subscriber that reads the stream is to get it: the deploy that
 * writes the route is on its way, so it is retried.
 */
export class NotRegistered extends WaybillError {
  readonly code = 'not-registered';
}

/** A newer version of a known event type: the deploy that understands it is on its way, so it is retried. */
export class NewerEventVersion extends WaybillError {
  readonly code = 'newer-event-version';
}

/** A payload that is compressed in a way that this code does not know: the deploy that knows it is on its way, so it is retried. */
export class UnknownEncoding extends WaybillError {
  readonly code = 'unknown-encoding';
}

/**
 * An outbox row in a format that this code does not know: a deploy was rolled back, or is still on its way. The message is
 * well, and comes again.
 */
export class UnknownRowFormat extends WaybillError {
  readonly code = 'unknown-row-format';
}

/** Somebody who would have to read outbox rows of a format is not known to: nothing is changed. */
export class FormatNotRead extends WaybillError {
  readonly code = 'format-not-read';
}

/** The message is past the `expires` that was fixed when it was committed. */
export class MessageExpired extends WaybillError {
  readonly code = 'expired';
}

/** A message of another ledger: somebody has put it past the relay into a queue of this one. */
export class ForeignLedger extends WaybillError {
  readonly code = 'foreign-ledger';
}

/** A message without a signature of its ledger: somebody else has written it. */
export class InvalidSignature extends WaybillError {
  readonly code = 'invalid-signature';
}

/** The keys of a ledger that signs its messages cannot be read, or are none. */
export class SigningKeysUnavailable extends WaybillError {
  readonly code = 'signing-keys-unavailable';
}

/** A message that would live longer than its event lets it. */
export class LifetimeExceeded extends WaybillError {
  readonly code = 'lifetime-exceeded';
}

/** The message failed as often as its subscriber allows. */
export class AttemptsExhausted extends WaybillError {
  readonly code = 'attempts-exhausted';
}

/** A handler threw what its `retryable` says that no other attempt mends. */
export class NotRetryable extends WaybillError {
  readonly code = 'not-retryable';
}

/** The subscriber's circuit is open: what its handler depends on fails, or an operator has paused it. No attempt. */
export class CircuitOpen extends WaybillError {
  readonly code = 'circuit-open';
  /** Seconds until the message comes again. */
  readonly seconds: number;

  constructor(subscriber: string, seconds: number) {
    super(`The circuit of '${subscriber}' is open`);
    this.seconds = seconds;
  }
}

/** The handler was still running when its invocation's time was up: it hangs, or its function's timeout is too short. */
export class HandlerUnfinished extends WaybillError {
  readonly code = 'handler-unfinished';
}

/** SQS itself gave the message up (`maxReceiveCount`): the function never ended it, e.g. it crashes on every start. */
export class ReceivesExhausted extends WaybillError {
  readonly code = 'receives-exhausted';
}

/**
 * Thrown by a handler to say that this message can never be handled: it is dead-lettered at once, with the reason.
 *
 * @example throw new Rejected('the order was already refunded');
 */
export class Rejected extends WaybillError {
  readonly code = 'rejected';
}

/** A condition of a transaction's write did not hold. */
export class ConditionFailed extends WaybillError {
  readonly code = 'condition-failed';
}

/** The outcome of a commit is unknown, or it was throttled or in conflict until time ran out. It may have been applied. */
export class CommitUndecided extends WaybillError {
  readonly code = 'commit-undecided';
}

/** DynamoDB refused a transaction for a reason that no retry mends, such as an `ADD` to a string column. */
export class TransactionRefused extends WaybillError {
  readonly code = 'transaction-refused';
}

/** A transaction was used in a way that could lose a write: after its handler returned, or twice for one row. */
export class TransactionMisused extends WaybillError {
  readonly code = 'transaction-misused';
}

/** A message of an order came after one that follows it had ended: it takes effect no more. */
export class Overtaken extends WaybillError {
  readonly code = 'overtaken';
}

/** An effect was asked for by a message whose turn has not come. The run time catches it: no handler has to. */
export class OutOfTurn extends WaybillError {
  readonly code = 'out-of-turn';
}

/** The function lacks a binding (an environment variable) that a construct would have given it. */
export class MissingBinding extends WaybillError {
  readonly code = 'missing-binding';
}

/** Entries of a batch that SQS or Kinesis still refused after retries. The batch comes again: nothing is lost. */
export class SendFailed extends WaybillError {
  readonly code = 'send-failed';
}

/** DynamoDB kept leaving rows of a batch unread, for want of capacity. Nothing was changed: read again. */
export class ReadFailed extends WaybillError {
  readonly code = 'read-failed';
}

/** A half message was decided the other way before: its commit came after its rollback, or the reverse. */
export class HalfMessageDecided extends WaybillError {
  readonly code = 'half-message-decided';
}

/** No such message was committed to the ledger, or its rows have been cleaned up. */
export class UnknownMessage extends WaybillError {
  readonly code = 'unknown-message';
}

/**
 * Thrown by the `run` of an effect to say that the effect surely was not done, e.g. since the service has refused the
 * request. The message is retried as after any other error; `verify` is not asked.
 *
 * @example if (answer.status === 429) throw new NotDone('the provider is busy');
 */
export class NotDone extends WaybillError {
  readonly code = 'effect-not-done';
}

/**
 * Nobody knows whether an effect was done: `verify` says so, or the service no longer keeps the key. The message ends as
 * dead when that stays so; an operator decides.
 */
export class EffectUnknown extends WaybillError {
  readonly code = 'effect-unknown';
  /** Whether asking again cannot help. */
  readonly final: boolean;

  constructor(message: string, final = false) {
    super(message);
    this.final = final;
  }
}

/** An effect was begun for another input than it is asked for now: whether that is the same effect, an operator decides. */
export class EffectInputChanged extends WaybillError {
  readonly code = 'effect-input-changed';
}

/** Another run of the handler may still have an effect done: the message comes again when it cannot any more. */
export class EffectInProgress extends WaybillError {
  readonly code = 'effect-in-progress';
  /** When to come again, in milliseconds since the epoch. */
  readonly comesAgain: number;

  constructor(message: string, comesAgain: number) {
    super(message);
    this.comesAgain = comesAgain;
  }
}

/** The message was cancelled before its effect began. */
export class EffectCancelled extends WaybillError {
  readonly code = 'effect-cancelled';
}

/** An operator cannot decide about a saga: nothing of it is stuck, several steps are, or it waits no more. */
export class SagaUndecidable extends WaybillError {
  readonly code = 'saga-undecidable';
}

/** An operator cannot decide about an effect: none has begun, several have, or it may still be running. */
export class EffectUndecidable extends WaybillError {
  readonly code = 'effect-undecidable';
}
