import { bindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import type { Counts } from '../aws/invocation.ts';
import { type FailedEntry, putRecords, sendMessages } from '../aws/send-batch.ts';
import { SendFailed } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { SCHEDULE, type Sent, writeReceipts } from '../ledger/receipt.ts';
import type { RouteBook } from '../ledger/route-book.ts';
import type { Route } from '../ledger/rows/route.ts';
import { momentOf, secondsUntil } from '../message/delivery-time.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { traceHeader } from '../message/trace-context.ts';
import { fanOut, type Shipment } from './fan-out.ts';
import { putToWait } from './schedule.ts';

export interface DispatchOptions {
  /** The only stream that is sent to, and nothing else: its copies waited in the forward queue. @default everywhere */
  readonly stream?: string;
}

/** The message attribute that names the stream to which a copy in the forward queue goes. */
export const STREAM_ATTRIBUTE = 'waybill-stream';

const SHIPMENTS_AT_ONCE = 4;

/**
 * Sends committed messages to whoever expects them, and writes a receipt. Everybody sends by this, so that there is one
 * answer to where a message goes:
 *
 * - due within 15 minutes, to a queue: with the whole seconds that remain as its delay;
 * - due within 15 minutes, to a stream, which cannot delay: to the forward queue with that delay, then into the stream;
 * - due later: put to wait, once for the message, whoever expects it.
 *
 * What it leaves out, it counts: `expired` (past the envelope's `expires`), `unrouted` (nobody expects it), `removed`
 * (copies for a subscriber that has been removed, refused by its queue or stream). What is put to wait for more than 15
 * minutes is `scheduled`.
 *
 * To send a message twice harms nobody, so whoever calls this repeats it with all messages when it throws.
 *
 * @throws SendFailed naming the destinations
 */
export async function dispatch(
  ledger: Ledger,
  book: RouteBook,
  envelopes: readonly Envelope[],
  counts: Counts,
  options: DispatchOptions = {},
): Promise<void> {
  const now = ledger.environment.now();
  const live = envelopes.filter(({ expires }) => Date.parse(expires) > now);
  const isFar = (envelope: Envelope) => momentOf(envelope) > now + LIMITS.queueDelaySeconds * 1000;
  const far = live.filter(isFar);
  const near = far.length === 0 ? live : live.filter((envelope) => !isFar(envelope));
  counts.add('expired', envelopes.length - live.length);
  counts.add('scheduled', far.length);

  const waiting = { to: SCHEDULE, ids: far.map(({ id }) => id) };
  try {
    await putToWait(ledger, far);
    const sent = await send(ledger.environment, book, near, counts, options);
    counts.add('receipts', await writeReceipts(ledger, [...sent, waiting]));
  } catch (error) {
    // A destination may have moved or gone since the routes were read: the next try asks again.
    book.forget();
    throw error;
  }
}

async function send(
  environment: Environment,
  book: RouteBook,
  envelopes: readonly Envelope[],
  counts: Counts,
  { stream }: DispatchOptions,
): Promise<Sent[]> {
  const relayed = new Date(environment.now()).toISOString();
  const stamped = envelopes.map((envelope) => ({ ...envelope, relayed }));
  const routes = await book.routesOf(stamped);
  const wanted = stream === undefined ? routes : routes.map((some) => some.filter((route) => leadsTo(stream, route)));
  const routed = wanted.filter((some) => some.length > 0).length;
  counts.add('relayed', routed);
  counts.add('unrouted', stamped.length - routed);

  const shipments = fanOut(stamped, wanted).flatMap((shipment) => delayed(environment, shipment));
  const delivered = await concurrently(SHIPMENTS_AT_ONCE, shipments, async (shipment) => {
    const failed = await ship(environment, shipment);
    return { shipment, failed, dropped: shipment.removed && failed.every(({ lasting }) => lasting) };
  });
  refuseFailed(delivered.filter(({ failed, dropped }) => failed.length > 0 && !dropped));

  return delivered.map(({ shipment, failed }) => {
    const missed = new Set(failed.map(({ index }) => index));
    counts.add('copies', shipment.envelopes.length - missed.size);
    counts.add('removed', missed.size);
    return { to: shipment.to, ids: shipment.envelopes.filter((_, index) => !missed.has(index)).map(({ id }) => id) };
  });
}

function leadsTo(stream: string, { destination }: Route): boolean {
  return destination.kind === 'stream' && destination.name === stream;
}

/** Copies on their way to a destination; those for a `stream` that cannot go into it yet, by the forward queue. */
type Leg = Shipment & { readonly stream?: string };

/** What may go to its destination now, and what must wait for a second or more before it goes into its stream. */
function delayed(environment: Environment, shipment: Shipment): Leg[] {
  const { destination, envelopes } = shipment;
  if (destination.kind === 'queue') return [shipment];
  const now = environment.now();
  const isEarly = (envelope: Envelope) => secondsUntil(momentOf(envelope), now) > 0;
  const early = envelopes.filter(isEarly);
  if (early.length === 0) return [shipment];
  const forwardQueue = { kind: 'queue', url: bindingsOf(environment).get('forwardQueueUrl') } as const;
  const wait = { to: SCHEDULE, destination: forwardQueue, removed: false, envelopes: early, stream: destination.name };
  const due = envelopes.filter((envelope) => !isEarly(envelope));
  return due.length === 0 ? [wait] : [{ ...shipment, envelopes: due }, wait];
}

function ship(environment: Environment, { destination, envelopes, stream }: Leg): Promise<FailedEntry[]> {
  if (destination.kind === 'queue') {
    const now = environment.now();
    const entries = envelopes.map((envelope) => ({
      body: encodeEnvelope(envelope),
      traceHeader: traceHeader(envelope.traceparent),
      delaySeconds: secondsUntil(momentOf(envelope), now) || undefined,
      ...(stream !== undefined && { attributes: { [STREAM_ATTRIBUTE]: stream } }),
    }));
    return sendMessages(environment, destination.url, entries);
  }
  const records = envelopes.map((envelope) => ({
    data: Buffer.from(encodeEnvelope(envelope)),
    partitionKey: envelope.partitionkey,
  }));
  return putRecords(environment, destination.name, records);
}

function refuseFailed(
  delivered: readonly { readonly shipment: Shipment; readonly failed: readonly FailedEntry[] }[],
): void {
  if (delivered.length === 0) return;
  const named = delivered.map(({ shipment: { to, envelopes }, failed }) => {
    const codes = new Set(failed.map(({ code }) => code));
    return `${failed.length} of ${envelopes.length} copies to '${to}' (${[...codes].join(', ')})`;
  });
  throw new SendFailed(`Not sent: ${named.join('; ')}. The batch comes again`);
}
