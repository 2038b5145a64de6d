import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type Bindings, bindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import { type Environment, environmentOf, quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { fromQueue, textOf } from '../aws/record.ts';
import { BINDINGS } from '../contract/bindings.ts';
import {
  hasCode,
  isWaybillError,
  MalformedMessage,
  MissingBinding,
  ReceivesExhausted,
  type WaybillError,
} from '../contract/errors.ts';
import { noteDeadRecord } from '../ledger/dead.ts';
import { readInbox } from '../ledger/inbox.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { learnKeys, signerOf, signs } from '../ledger/signing.ts';
import { decodeEnvelope, type Envelope, foreignTo } from '../message/envelope.ts';
import { type GivenUpAt, givenUpInOrder, goOnBehind } from '../order/given-up.ts';
import { endMessage } from '../transaction/end-message.ts';
import { type DeadLetter, sendDeadLetters } from './dead-letter.ts';

const RECORDS_AT_ONCE = 10;
/** For how long the row of a message is tried. */
const PATIENCE_MS = 5_000;

/** The Lambda handler of a subscriber's backstop queue. */
export type Recorder = (event: SQSEvent, context?: Partial<Context>) => Promise<SQSBatchResponse>;

/**
 * The recorder: the Lambda handler of a subscriber's backstop queue, where SQS moves what the subscriber's function
 * never ended, e.g. because it crashes on every start. Writes that each message ended `dead`, then sends it to the
 * dead-letter queue with its bytes and the reason. A message that has ended otherwise is only acknowledged; one of an order whose
 * turn has not come is parked.
 *
 * A record is acknowledged once both are done. Whatever fails is reported, and comes again.
 *
 * @throws MissingBinding when the subscriber or one of its queues is not bound
 * @throws MalformedMessage when the event is no batch of SQS records
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function createRecorder(): Recorder {
  return async (event, context = {}) => {
    const environment = environmentOf(context);
    const records: unknown = event?.Records;
    if (!Array.isArray(records)) {
      throw new MalformedMessage('The event is no batch of SQS records: check the event source of this function');
    }
    const post = postOf(environment, context);
    if (signs(environment)) await learnKeys(environment);
    const fields = { subscriber: post.subscriber, records: records.length };
    return summarize(environment, 'recorder', fields, (counts) => record(post, event.Records, counts));
  };
}

/** Where the recorder stands. */
interface Post {
  readonly environment: Environment;
  readonly bindings: Bindings;
  readonly subscriber: string;
  readonly function: string;
  readonly request: string;
  /** Where the subscriber keeps an order. */
  readonly order: GivenUpAt | undefined;
}

function postOf(environment: Environment, { functionName = '', awsRequestId = '' }: Partial<Context>): Post {
  const subscriber = environment.variables[BINDINGS.subscriber];
  if (!subscriber) {
    throw new MissingBinding(`The environment variable ${BINDINGS.subscriber} is not set: deploy it by a Subscriber`);
  }
  const bindings = bindingsOf(environment);
  const onDead = environment.variables[BINDINGS.onDead];
  const order: GivenUpAt | undefined =
    onDead === 'block' || onDead === 'skip' ? { subscriber, onDead, queueUrl: bindings.get('queueUrl') } : undefined;
  return { environment, bindings, subscriber, function: functionName, request: awsRequestId, order };
}

async function record(post: Post, records: readonly SQSRecord[], counts: Counts): Promise<SQSBatchResponse> {
  const { environment, bindings, subscriber } = post;
  const target = {
    queueUrl: bindings.get('deadLetterQueueUrl'),
    bucket: bindings.get('quarantineBucket'),
    subscriber,
  };
  const failed = new Set<string>();
  const letters: DeadLetter[] = [];
  await concurrently(RECORDS_AT_ONCE, records, async (one) => {
    try {
      const letter = await endAsDead(post, one);
      if (typeof letter === 'object') letters.push(letter);
      else counts.add(letter);
    } catch (error) {
      failed.add(one.messageId);
      report(environment, subscriber, one.messageId, errorCode(error));
    }
  });
  for (const { index, code } of await sendDeadLetters(environment, target, letters)) {
    const { sourceEventId = '' } = letters[index] ?? {};
    failed.add(sourceEventId);
    report(environment, subscriber, sourceEventId, code);
  }
  counts.add('dead', letters.filter(({ sourceEventId }) => !failed.has(sourceEventId)).length);
  counts.add('again', failed.size);
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Writes the row, and returns the letter to send; none when the message has ended otherwise, or waits for its turn. */
async function endAsDead(post: Post, one: SQSRecord): Promise<DeadLetter | 'already' | 'parked'> {
  const { environment, bindings, subscriber, order } = post;
  const { bytes, isPointer, deliveries, redriven } = fromQueue(one);
  const { reason, detail } = exhausted(deliveries);
  const { SentTimestamp, ApproximateFirstReceiveTimestamp } = one.attributes;
  const letter = { bytes, isPointer, sourceEventId: one.messageId, sentAt: Number(SentTimestamp) || undefined };
  const decoded = decode(one, bindings.ledger);
  const isVerified = environment.variables[BINDINGS.verify] && !isWaybillError(decoded);
  const envelope = isVerified ? ((await forged(environment, decoded)) ?? decoded) : decoded;
  const ledger = ledgerOf(environment, bindings);
  if (isWaybillError(envelope)) {
    const why = { reason, detail: `${detail}. ${envelope.message}` };
    await noteDeadRecord(ledger, { subscriber, bytes, sentAt: letter.sentAt, ...why });
    return { ...letter, ...why };
  }

  const before = redriven ? await readInbox(ledger, subscriber, envelope.id) : undefined;
  const ending = {
    subscriber,
    envelope,
    state: 'dead' as const,
    received: Number(ApproximateFirstReceiveTimestamp) || environment.now(),
    deliveries,
    reason,
    detail,
    function: post.function,
    request: post.request,
    redriven,
    before,
  };
  const until = environment.now() + PATIENCE_MS;
  const hasEnded = order && !redriven && (await readInbox(ledger, subscriber, envelope.id)) !== undefined;
  const besides = order && !hasEnded ? await givenUpInOrder(ledger, order, envelope, until) : [];
  if (besides === 'parked') return 'parked';
  const state = await endMessage(ledger, ending, until, besides);
  if (order) await goOnBehind(ledger, order, envelope, state, until);
  if (state !== 'dead') return 'already';
  // It may have been dead before, for a reason of its own, and have lost only its letter.
  const row = await readInbox(ledger, subscriber, envelope.id);
  return { ...letter, messageId: envelope.id, reason: row?.reason ?? reason, detail: row?.detail ?? detail };
}

function exhausted(deliveries: number): { readonly reason: string; readonly detail: string } {
  const error = new ReceivesExhausted(`SQS gave the message up: it was received ${deliveries} times and never ended`);
  return { reason: error.code, detail: error.message };
}

function decode(one: SQSRecord, ledger: string): Envelope | WaybillError {
  try {
    const envelope = decodeEnvelope(textOf(fromQueue(one)));
    return foreignTo(ledger, envelope) ?? envelope;
  } catch (error) {
    if (isWaybillError(error)) return error;
    throw error;
  }
}

/** What is wrong with a message's signature: by keys that are read again where it names one that is not known. */
async function forged(environment: Environment, envelope: Envelope): Promise<WaybillError | undefined> {
  const received = environment.now();
  try {
    const found = signerOf(environment).wrong(envelope);
    if (!found?.unknownKey) return found?.error;
    await learnKeys(environment, received);
    return signerOf(environment).wrong(envelope)?.error;
  } catch (error) {
    if (hasCode(error, 'malformed-message')) return error;
    throw error;
  }
}

function report(environment: Environment, subscriber: string, record: string, code: string): void {
  quietly(() => environment.log.warn('not recorded', { subscriber, record, code }));
}
