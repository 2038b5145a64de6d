import { bindingsOf } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { type QueueEntry, sendMessages } from '../aws/send-batch.ts';
import { MessageExpired, SendFailed, UnknownMessage, WaybillError } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { markSent } from '../ledger/mark-sent.ts';
import { envelopeIn, readOutbox } from '../ledger/outbox.ts';
import { writeReceipts } from '../ledger/receipt.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { traceHeader } from '../message/trace-context.ts';

/** A message waits for a moment that is further ahead than SQS can delay it by: there is nothing to send yet. */
export class MessageNotDue extends WaybillError {
  readonly code = 'not-due';
}

/** For marking that a message was forwarded. */
const MARK_MS = 5_000;

/**
 * Sends a committed message to one subscriber's own queue again, and writes a receipt. It is safe at any time: where the
 * message has ended meanwhile, or comes by another way too, the subscriber's inbox decides. It is never early: what is not
 * due yet goes with a delay.
 *
 * @throws UnknownMessage when the outbox does not hold it
 * @throws MessageExpired when it is past its `expires`: nothing would handle it
 * @throws MessageNotDue when its moment is more than 15 minutes ahead
 * @throws SendFailed when the queue does not take it
 */
export async function resend(
  environment: Environment,
  ledger: { readonly ledger: string; readonly shards: number },
  id: string,
  route: Pick<Route, 'subscriber' | 'destination'>,
): Promise<void> {
  await sendAgain(ledgerOf(environment, ledger), id, route);
}

/** `resend`, to a ledger. */
export async function sendAgain(
  ledger: Ledger,
  id: string,
  route: Pick<Route, 'subscriber' | 'destination'>,
): Promise<void> {
  const { environment } = ledger;
  const envelope = await committedEnvelope(ledger, id);
  const now = environment.now();
  if (Date.parse(envelope.expires) <= now) throw new MessageExpired(`'${id}' expired at ${envelope.expires}`);
  const delaySeconds = delayOf(envelope, now);
  const relayed = new Date(now).toISOString();
  const entry = { ...entryOf({ ...envelope, relayed }), ...(delaySeconds > 0 && { delaySeconds }) };
  const [failed] = await sendMessages(environment, ownQueueUrl(route.destination), [entry]);
  if (failed) throw new SendFailed(`'${id}' could not be sent to '${route.subscriber}': ${failed.code}`);
  const to = route.destination.kind === 'queue' ? route.subscriber : route.destination.name;
  await writeReceipts(ledger, [{ to, ids: [id] }]);
}

/**
 * Sends a message that has expired to a subscriber's own queue, where it becomes a dead letter.
 *
 * @throws SendFailed when the queue does not take it
 */
export async function sendExpired({ environment }: Ledger, envelope: Envelope, route: Route): Promise<void> {
  const [failed] = await sendMessages(environment, ownQueueUrl(route.destination), [entryOf(envelope)]);
  if (failed) throw new SendFailed(`'${envelope.id}' could not be sent to '${route.subscriber}': ${failed.code}`);
}

/**
 * Puts a committed message into the ledger's forward queue, as its producer would have: the forwarder sends it to
 * everybody who expects it, in its moment. A handshake that was pending is done by that.
 *
 * @throws UnknownMessage when the outbox does not hold it
 * @throws SendFailed when the queue does not take it
 * @throws MissingBinding when the forward queue is not bound
 */
export async function forward(ledger: Ledger, id: string): Promise<void> {
  const { environment } = ledger;
  const envelope = await committedEnvelope(ledger, id);
  const url = bindingsOf(environment).get('forwardQueueUrl');
  const [failed] = await sendMessages(environment, url, [entryOf(envelope)]);
  if (failed) throw new SendFailed(`'${id}' could not be put into the forward queue: ${failed.code}`);
  await markSent(ledger, id, environment.now() + MARK_MS);
}

/**
 * The message as it was committed.
 *
 * @throws UnknownMessage when the outbox does not hold it
 * @throws UnknownRowFormat when its row is of a newer format
 */
export async function committedEnvelope(ledger: Ledger, id: string): Promise<Envelope> {
  const row = await readOutbox(ledger, id);
  if (!row) throw new UnknownMessage(`No message '${id}' is in the ledger '${ledger.table}'`);
  return envelopeIn(ledger, row);
}

/** Whole seconds: the consumer holds the rest. */
function delayOf({ id, deliverat }: Envelope, now: number): number {
  const seconds = deliverat === undefined ? 0 : Math.max(0, Math.floor((Date.parse(deliverat) - now) / 1000));
  if (seconds <= LIMITS.queueDelaySeconds) return seconds;
  throw new MessageNotDue(`'${id}' waits until ${deliverat}: it is sent when that is at most 15 minutes ahead`);
}

function entryOf(envelope: Envelope): QueueEntry {
  return { body: encodeEnvelope(envelope), traceHeader: traceHeader(envelope.traceparent) };
}
