import { type Environment, quietly } from '../aws/environment.ts';
import { describeError, errorPlace, errorTrace } from '../aws/errors.ts';
import type { InboundRecord } from '../aws/record.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import {
  AttemptsExhausted,
  CircuitOpen,
  type EffectInProgress,
  HandlerUnfinished,
  hasCode,
  isRejected,
  SendFailed,
  type WaybillError,
} from '../contract/errors.ts';
import { LONGEST_WAIT_SECONDS, retryLaterSeconds, retryWait } from '../contract/retry.ts';
import { noteDeadRecord } from '../ledger/dead.ts';
import { noteFailure } from '../ledger/failure.ts';
import { readInbox } from '../ledger/inbox.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { InboxRow } from '../ledger/rows/inbox.ts';
import { secondsUntil } from '../message/delivery-time.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import type { Turn } from '../order/turn.ts';
import { endMessage } from '../transaction/end-message.ts';
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
  const { retry } = subscriber;
  const now = environment.now();
  const share = part(environment);
  const waitAfter = (attempts: number) => Math.ceil(retryWait(retry, attempts) * share);
  const attempts = await noteFailure(ledgerOf(environment, bindings), {
    subscriber: subscriber.name,
    envelope,
    error,
    // An operator who sends a message again means it to be tried as a new one is.
    counts: record.redriven && record.deliveries === 1 ? 'first' : true,
    // As far as no delivery was without an attempt; otherwise the row is written once more.
    guess: record.deliveries,
    next: (attempts) => now + waitAfter(attempts) * 1000,
    redrive: record.redrive,
  });
  if (attempts < retry.attempts) {
    return { ...again(invocation, record, error, envelope, waitAfter(attempts)), attempts };
  }
  // What is not known of an effect is what the operator has to find out.
  if (hasCode(error, 'effect-unknown')) return deadLetter(invocation, record, error, envelope);
  const exhausted = new AttemptsExhausted(`Failed ${attempts} times, at last with ${describeError(error)}`, {
    cause: error,
  });
  return deadLetter(invocation, record, exhausted, envelope);
}

/** What fails together does not come again together: each waits for four to five fifths of the time. */
function part(environment: Environment): number {
  const [byte = 0] = environment.random(1);
  return 0.8 + (0.2 * byte) / 255;
}

/** Counts the attempt of a handler that was still running when its invocation's time was up. Never throws. */
export async function countUnfinished(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
): Promise<Outcome> {
  const error = new HandlerUnfinished("The handler was still running when its invocation's time was up");
  const { circuit, probe } = invocation;
  if (probe) probe.tripped = true;
  else await circuit?.tripped(envelope.id, error);
  try {
    return (await hold(invocation, record, envelope)) ?? (await countAttempt(invocation, record, envelope, error));
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
  const wait = waitFor(record, envelope, error, now);
  const isTold = isAwaitingDeploy(error) || hasCode(error, 'not-registered');
  if (isTold || wait > Math.min(TOLD_SECONDS, subscriber.deadline / 1000)) {
    const next = now + wait * 1000;
    const failure = { subscriber: subscriber.name, envelope, error, next: () => next, counts: false, guess: 0 };
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
/** The same for waits that a handler asks for, which do not grow before. */
const ASKED_SHARE = 5;

/** Seconds until a message that is well is tried again, at the latest when it expires. */
function waitFor(record: InboundRecord, { id, expires }: Envelope, error: unknown, now: number): number {
  if (error instanceof CircuitOpen) return error.seconds;
  const asked = retryLaterSeconds(error) ?? settledSeconds(error, now);
  if (asked === undefined && !isAwaitingDeploy(error)) return redeliveryDelay(record.deliveries);
  const waited = (now - (record.sentAt ?? messageTime(id))) / 1000;
  const wait =
    asked === undefined
      ? Math.max(redeliveryDelay(record.deliveries), Math.floor(waited / WAITED_SHARE))
      : Math.max(asked, Math.floor(waited / ASKED_SHARE));
  return Math.min(wait, LONGEST_WAIT_SECONDS, secondsUntil(Date.parse(expires), now) + 1);
}

/** Seconds until another run can have its effect done no more. */
function settledSeconds(error: unknown, now: number): number | undefined {
  if (!hasCode(error, 'effect-in-progress')) return undefined;
  return secondsUntil((error as EffectInProgress).comesAgain, now) + 1;
}

/**
 * Parks a message of an order whose turn has not come, before anything is counted against it: of what a handler does before
 * its turn nothing says anything about the message.
 *
 * @returns `undefined` where its turn has come, or it is in no order
 */
export async function hold(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
): Promise<Outcome | undefined> {
  const turn = invocation.order?.turnOf(record, envelope);
  return turn && (await turn.look()) === 'early' ? waitInTurn(invocation, turn) : undefined;
}

/** Parks a message whose turn has not come. Where it has come meanwhile, the message comes again at once. */
export async function waitInTurn({ until }: Invocation, turn: Turn): Promise<Outcome> {
  return (await turn.park(until)) ? { kind: 'parked' } : { kind: 'again', wait: 0 };
}

/** Leaves a record to come again, after `wait` seconds if given, and logs why. */
export function again(
  { environment, subscriber }: Invocation,
  record: InboundRecord,
  error: unknown,
  envelope?: Envelope,
  wait?: number,
): Extract<Outcome, { readonly kind: 'again' }> {
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
  const { environment, bindings, subscriber, until, before } = invocation;
  const reason = { reason: error.code, detail: error.detail };
  const ledger = ledgerOf(environment, bindings);
  const turn = envelope && invocation.order?.turnOf(record, envelope);
  if (envelope) {
    const isExpired = hasCode(error, 'expired');
    const held = !isExpired && (await hold(invocation, record, envelope));
    if (held) return held;
    const besides = await turn?.endCompanions('dead', isExpired);
    const row = record.redriven && !before.has(record) && (await readInbox(ledger, subscriber.name, envelope.id));
    if (row) before.set(record, row);
    const thrown = isRejected(error) ? error : error.cause;
    const ending = {
      ...endingOf(invocation, record, envelope),
      state: 'dead' as const,
      ...reason,
      at: errorPlace(thrown),
    };
    const state = await endMessage(ledger, ending, until, besides);
    if (state !== 'dead') return payOwed(invocation, record, envelope, { state });
  } else {
    const { bytes, sentAt } = record;
    await noteDeadRecord(ledger, { subscriber: subscriber.name, bytes, sentAt, ...reason });
  }
  await sendLetter(invocation, record, reason, envelope);
  if (envelope) await invocation.commands?.answer(invocation, envelope, { state: 'dead', ...reason });
  await turn?.passOn('dead', until);
  return { kind: 'dead' };
}

/**
 * Gives what is still owed for a message that has ended, for whoever wrote the row may have stopped before: the turn of the
 * one behind it in its order, the letter of one that is dead, and the answer to a command.
 *
 * @param end the row, or as much of it as is known
 */
export async function payOwed(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  end: Pick<InboxRow, 'state'> & Partial<InboxRow>,
): Promise<Outcome> {
  await invocation.order?.turnOf(record, envelope)?.passOnAgain(end.state, invocation.until);
  if (end.state !== 'dead') {
    await invocation.commands?.answer(invocation, envelope, end);
    return { kind: 'already' };
  }
  const { environment, bindings, subscriber } = invocation;
  const row = end.reason ? end : await readInbox(ledgerOf(environment, bindings), subscriber.name, envelope.id);
  const reason = { reason: row?.reason ?? 'unknown', detail: row?.detail ?? '' };
  await sendLetter(invocation, record, reason, envelope);
  await invocation.commands?.answer(invocation, envelope, { state: 'dead', ...reason });
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
