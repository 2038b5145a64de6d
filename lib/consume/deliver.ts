import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { describeError, errorTrace, isPassingServiceError } from '../aws/errors.ts';
import type { InboundRecord } from '../aws/record.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import { AttemptsExhausted, CommitUndecided, SendFailed, type WaybillError } from '../contract/errors.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { countFailure } from '../ledger/failure.ts';
import { type Ending, readInbox, writeEnding } from '../ledger/inbox.ts';
import type { InboxRow } from '../ledger/rows/inbox.ts';
import { HOLD_MILLISECONDS, holdUntil, momentOf } from '../message/delivery-time.ts';
import type { Envelope } from '../message/envelope.ts';
import { sendDeadLetters } from './dead-letter.ts';
import { messageOf } from './message.ts';
import { isAwaitingDeploy, type Opened, open } from './open.ts';
import { type AnyHandler, type Settlement, settle } from './settle.ts';

/** What the records of one invocation share. */
export interface Invocation {
  readonly environment: Environment;
  readonly bindings: Bindings;
  readonly subscriber: SubscriberDefinition;
  /** By event type: one for each that the subscriber consumes. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** When the batch arrived, in milliseconds since the epoch. */
  readonly received: number;
  /** When to stop trying, in milliseconds since the epoch. */
  readonly until: number;
  readonly function: string;
  readonly request: string;
}

/**
 * What became of a record: its message ended by this delivery (`handled`, `duplicate`, `dead`) or had ended `already`,
 * also where its producer took it back; the subscriber does not consume it (`skipped`); or it must come `again`.
 */
export type Delivery = 'handled' | 'duplicate' | 'dead' | 'already' | 'skipped' | 'again' | Early;

/** Its moment is still to come: it goes back to wait, which is neither an attempt nor a failure. */
export interface Early {
  /** Milliseconds since the epoch. */
  readonly due: number;
}

type OpenedMessage = Extract<Opened, { readonly kind: 'message' }>;

/** Takes one record as far as it gets: handles it, or dead-letters what can never be handled. Never throws. */
export async function deliver(invocation: Invocation, record: InboundRecord, opened: Opened): Promise<Delivery> {
  try {
    switch (opened.kind) {
      case 'skipped':
        return 'skipped';
      case 'refused':
        return await deadLetter(invocation, record, opened.error, opened.envelope);
      case 'failed':
        return opened.envelope
          ? await fail(invocation, record, opened.envelope, opened.error)
          : again(invocation, record, opened.error);
      case 'message':
        return await handle(invocation, record, opened);
    }
  } catch (error) {
    return again(invocation, record, error);
  }
}

async function handle(invocation: Invocation, record: InboundRecord, opened: OpenedMessage): Promise<Delivery> {
  const { environment, bindings, subscriber, until } = invocation;
  const { envelope, event } = opened;
  const due = momentOf(envelope);
  if (due > Math.min(environment.now() + HOLD_MILLISECONDS, until)) return { due };
  await holdUntil(environment, due);
  if (record.deliveries > 1 || record.redriven) {
    const row = await readInbox(environment, bindings.ledger, subscriber.name, envelope.id);
    if (row && row.state !== 'dead') return 'already';
    if (row && !record.redriven) return resendDeadLetter(invocation, record, envelope, row);
  }
  const ending = endingOf(invocation, record, envelope);
  const message = messageOf(envelope, record.deliveries);
  const handler = invocation.handlers.get(event.type) as AnyHandler;
  let settlement: Settlement;
  try {
    settlement = await settle({
      environment,
      bindings,
      subscriber,
      envelope,
      payload: (rerun) =>
        (rerun === 0 ? opened : (open(subscriber, record, invocation.received) as OpenedMessage)).payload,
      handler,
      message,
      ending,
      until,
    });
  } catch (error) {
    return fail(invocation, record, envelope, error);
  }
  if (settlement.kind === 'refused') return deadLetter(invocation, record, settlement.error, envelope);
  if (!settlement.already) return settlement.state;
  if (settlement.state !== 'dead') return 'already';
  return resendDeadLetter(
    invocation,
    record,
    envelope,
    await readInbox(environment, bindings.ledger, subscriber.name, envelope.id),
  );
}

/** Counts the attempt, unless the failure says nothing about the message, and gives it up after too many. */
async function fail(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  error: unknown,
): Promise<Delivery> {
  const { environment, bindings, subscriber } = invocation;
  const counts = !(error instanceof CommitUndecided) && !isAwaitingDeploy(error) && !isPassingServiceError(error);
  if (counts) {
    const next = environment.now() + redeliveryDelay(record.deliveries) * 1000;
    const attempts = await countFailure(environment, bindings.ledger, {
      subscriber: subscriber.name,
      envelope,
      error,
      next,
      // An operator who sends a message again means it to be tried as a new one is.
      isFirst: record.redriven && record.deliveries === 1,
    });
    if (attempts >= subscriber.maxAttempts) {
      const exhausted = new AttemptsExhausted(`Failed ${attempts} times, at last with ${describeError(error)}`);
      return deadLetter(invocation, record, exhausted, envelope);
    }
  }
  return again(invocation, record, error, envelope);
}

/**
 * Ends a message as dead: first its inbox row, so that nothing handles it any more, then the dead letter with its bytes
 * and the reason. What is no envelope has no row.
 */
async function deadLetter(
  invocation: Invocation,
  record: InboundRecord,
  error: WaybillError,
  envelope: Envelope | undefined,
): Promise<Delivery> {
  const { environment, bindings } = invocation;
  const reason = { reason: error.code, detail: error.detail };
  if (envelope) {
    const ending = { ...endingOf(invocation, record, envelope), state: 'dead' as const, ...reason };
    const state = await writeEnding(environment, bindings.ledger, ending);
    if (state !== 'dead') return 'already';
  }
  await sendLetter(invocation, record, reason, envelope);
  return 'dead';
}

/** The row says dead, but the letter may not have been sent: whoever wrote the row may have stopped in between. */
async function resendDeadLetter(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  row: InboxRow | undefined,
): Promise<Delivery> {
  await sendLetter(invocation, record, { reason: row?.reason ?? 'unknown', detail: row?.detail ?? '' }, envelope);
  return 'dead';
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
  const { bytes, sentAt, eventId: sourceEventId } = record;
  const letter = { bytes, reason, detail, sourceEventId, messageId: envelope?.id, sentAt };
  const [failure] = await sendDeadLetters(environment, target, [letter]);
  if (failure) throw new SendFailed(`The dead letter could not be sent: ${failure.code}`);
  environment.log.warn('dead-lettered', {
    subscriber: subscriber.name,
    messageId: envelope?.id,
    record: record.eventId,
    reason,
  });
}

function again(invocation: Invocation, record: InboundRecord, error: unknown, envelope?: Envelope): Delivery {
  const { environment, subscriber } = invocation;
  environment.log.warn('retrying', {
    subscriber: subscriber.name,
    messageId: envelope?.id,
    record: record.eventId,
    delivery: record.deliveries,
    ...errorTrace(error),
  });
  return 'again';
}

function endingOf(invocation: Invocation, record: InboundRecord, envelope: Envelope): Omit<Ending, 'state'> {
  return {
    subscriber: invocation.subscriber.name,
    envelope,
    received: invocation.received,
    attempts: record.deliveries,
    function: invocation.function,
    request: invocation.request,
    redriven: record.redriven,
  };
}
