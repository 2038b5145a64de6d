import { quietly } from '../aws/environment.ts';
import { describeError, errorPlace, errorTrace } from '../aws/errors.ts';
import type { InboundRecord } from '../aws/record.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import { givenBack } from '../aws/visibility.ts';
import { AttemptsExhausted, HandlerUnfinished, isRejected, SendFailed, type WaybillError } from '../contract/errors.ts';
import { noteFailure } from '../ledger/failure.ts';
import { writeEnding } from '../ledger/inbox.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { InboxRow } from '../ledger/rows/inbox.ts';
import { secondsUntil } from '../message/delivery-time.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { sendDeadLetters } from './dead-letter.ts';
import { endingOf, type Invocation, type Outcome } from './invocation.ts';
import { isAwaitingDeploy } from './read-record.ts';

/** Counts a failed attempt at a message, and gives the message up after as many as its subscriber allows. */
export async function countAttempt(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  error: unknown,
): Promise<Outcome> {
  const { environment, bindings, subscriber } = invocation;
  const attempts = await noteFailure(ledgerOf(environment, bindings), {
    subscriber: subscriber.name,
    envelope,
    error,
    next: environment.now() + redeliveryDelay(record.deliveries) * 1000,
    // An operator who sends a message again means it to be tried as a new one is.
    counts: record.redriven && record.deliveries === 1 ? 'first' : true,
  });
  if (attempts < subscriber.maxAttempts) return again(invocation, record, error, envelope);
  const exhausted = new AttemptsExhausted(`Failed ${attempts} times, at last with ${describeError(error)}`, {
    cause: error,
  });
  return deadLetter(invocation, record, exhausted, envelope);
}

/** Counts the attempt of a handler that was still running when its invocation's time was up. Never throws. */
export async function countUnfinished(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
): Promise<Outcome> {
  const error = new HandlerUnfinished("The handler was still running when its invocation's time was up");
  try {
    return await countAttempt(invocation, record, envelope, error);
  } catch (failure) {
    return again(invocation, record, failure, envelope);
  }
}

/** A wait that ends later than this is overdue at a subscriber of the shortest usual deadline, so it leaves a row. */
const TOLD_SECONDS = 30;

/**
 * Leaves a message to come again for what says nothing about it, so that no attempt is counted. Its failure row says when,
 * lest reconciliation takes it for lost.
 */
export async function postpone(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  error: unknown,
): Promise<Outcome> {
  const { environment, bindings, subscriber } = invocation;
  const now = environment.now();
  const isDeploy = isAwaitingDeploy(error);
  const wait = isDeploy ? deployDelay(record, envelope, now) : redeliveryDelay(record.deliveries);
  if (isDeploy || wait > TOLD_SECONDS) {
    const failure = { subscriber: subscriber.name, envelope, error, next: now + wait * 1000, counts: false };
    try {
      await noteFailure(ledgerOf(environment, bindings), failure);
    } catch (unsaid) {
      // The ledger may be what fails.
      quietly(() => environment.log.warn('wait not noted', { messageId: envelope.id, ...errorTrace(unsaid) }));
    }
  }
  return again(invocation, record, error, envelope, wait);
}

/** By a twelfth of what it has waited already, a message comes less than 100 times within the 14 days of a queue. */
const WAITED_SHARE = 12;

/** Seconds until a message that waits for a deploy is tried again, at the latest when it expires. */
function deployDelay(record: InboundRecord, { id, expires }: Envelope, now: number): number {
  const waited = (now - (record.sentAt ?? messageTime(id))) / 1000;
  const wait = Math.max(redeliveryDelay(record.deliveries), Math.floor(waited / WAITED_SHARE));
  return givenBack(record, Math.min(wait, secondsUntil(Date.parse(expires), now) + 1)).delaySeconds;
}

/** Leaves a record to come again, after `wait` seconds if given, and logs why. */
export function again(
  { environment, subscriber }: Invocation,
  record: InboundRecord,
  error: unknown,
  envelope?: Envelope,
  wait?: number,
): Outcome {
  const where = { subscriber: subscriber.name, messageId: envelope?.id, record: record.eventId, why: record.wrong };
  quietly(() => environment.log.warn('retrying', { ...where, delivery: record.deliveries, ...errorTrace(error) }));
  return { kind: 'again', ...(wait !== undefined && { wait }) };
}

/**
 * Ends a message as dead: first its inbox row, so that nothing handles it any more, then the dead letter with its bytes
 * and the reason. What is no envelope has no row.
 */
export async function deadLetter(
  invocation: Invocation,
  record: InboundRecord,
  error: WaybillError,
  envelope: Envelope | undefined,
): Promise<Outcome> {
  const { environment, bindings } = invocation;
  const reason = { reason: error.code, detail: error.detail };
  if (envelope) {
    const thrown = isRejected(error) ? error : error.cause;
    const ending = {
      ...endingOf(invocation, record, envelope),
      state: 'dead' as const,
      ...reason,
      at: errorPlace(thrown),
    };
    const state = await writeEnding(ledgerOf(environment, bindings), ending);
    if (state !== 'dead') return { kind: 'already' };
  }
  await sendLetter(invocation, record, reason, envelope);
  return { kind: 'dead' };
}

/** The row says dead, but the letter may not have been sent: whoever wrote the row may have stopped in between. */
export async function resendDeadLetter(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  row: InboxRow | undefined,
): Promise<Outcome> {
  await sendLetter(invocation, record, { reason: row?.reason ?? 'unknown', detail: row?.detail ?? '' }, envelope);
  return { kind: 'dead' };
}

async function sendLetter(
  { environment, bindings, subscriber }: Invocation,
  record: InboundRecord,
  { reason, detail }: { readonly reason: string; readonly detail: string },
  envelope: Envelope | undefined,
): Promise<void> {
  const target = {
    queueUrl: bindings.get('deadLetterQueueUrl'),
    bucket: bindings.get('quarantineBucket'),
    subscriber: subscriber.name,
  };
  const { bytes, isPointer, sentAt, eventId: sourceEventId } = record;
  const letter = { bytes, isPointer, reason, detail, sourceEventId, messageId: envelope?.id, sentAt };
  const [failure] = await sendDeadLetters(environment, target, [letter]);
  if (failure) throw new SendFailed(`The dead letter could not be sent: ${failure.code}`);
  const where = { subscriber: subscriber.name, messageId: envelope?.id, record: record.eventId };
  quietly(() => environment.log.warn('dead-lettered', { ...where, reason }));
}
