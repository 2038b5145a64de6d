import { bindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import type { Counts } from '../aws/invocation.ts';
import { type FailedEntry, isFifo, type Pauses, putRecords, sendMessages } from '../aws/send-batch.ts';
import { SendFailed } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import { momentOfChecked, timestampOf } from '../contract/timestamp.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { SCHEDULE, type Sent, writeReceipts } from '../ledger/receipt.ts';
import type { RouteBook } from '../ledger/route-book.ts';
import type { Destination, Route } from '../ledger/rows/route.ts';
import { momentOf, secondsUntil } from '../message/delivery-time.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { groupOf } from '../message/order.ts';
import { traceHeader } from '../message/trace-context.ts';
import { handOver, type Label, labelled, leadsTo, type Refusal, refusalsOf } from './hand-over.ts';
import { putToWait } from './schedule.ts';
import { noteUnrouted } from './unrouted.ts';

export interface DispatchOptions {
  /** The only destination that is sent to: the copies come from the forward queue. @default everywhere */
  readonly only?: Label | undefined;
}

const SHIPMENTS_AT_ONCE = 4;

/**
 * Sends committed messages to whoever expects them, and writes a receipt. Everybody sends by this, so that there is one
 * answer to where a message goes:
 *
 * - due within 15 minutes, to a queue: with the whole seconds that remain as its delay;
 * - due within 15 minutes, to a stream, which cannot delay: to the forward queue with that delay, then into the stream;
 * - due later: put to wait, once for the message, whoever expects it.
 *
 * A destination that refuses is nobody else's business. Its copies go into the forward queue under its label, and are
 * tried again there alone; the receipt names the destinations that were reached.
 *
 * What it leaves out, it counts: `expired` (past the envelope's `expires`), `unrouted` (nobody expects it; where the event
 * type never had a route, it is noted that the message waits for a first one), `removed`
 * (copies for a subscriber that has been removed, refused by its queue or stream), `handedOver` (copies that went into the
 * forward queue). What is put to wait for more than 15 minutes is `scheduled`.
 *
 * To send a message twice harms nobody, so whoever calls this repeats it with all messages when it throws.
 *
 * @returns with `only`, the messages that the destination refused: they stay in the forward queue
 * @throws SendFailed naming the destinations
 */
export async function dispatch(
  ledger: Ledger,
  book: RouteBook,
  envelopes: readonly Envelope[],
  counts: Counts,
  options: DispatchOptions = {},
): Promise<readonly Envelope[]> {
  const now = ledger.environment.now();
  const live = envelopes.filter(({ expires }) => momentOfChecked(expires) > now);
  const isFar = (envelope: Envelope) => momentOf(envelope) > now + LIMITS.queueDelaySeconds * 1000;
  const far = live.filter(isFar);
  const near = far.length === 0 ? live : live.filter((envelope) => !isFar(envelope));
  counts.add('expired', envelopes.length - live.length);
  counts.add('scheduled', far.length);

  const waiting = { to: SCHEDULE, ids: far.map(({ id }) => id) };
  try {
    await putToWait(ledger, far);
    const { sent, refused } = await send(ledger, book, near, counts, options);
    counts.add('receipts', await writeReceipts(ledger, [...sent, waiting]));
    return refused;
  } catch (error) {
    // A destination may have moved or gone since the routes were read: the next try asks again.
    book.forget();
    throw error;
  }
}

interface Outcome {
  readonly sent: readonly Sent[];
  /** What stays where it is. */
  readonly refused: readonly Envelope[];
}

async function send(
  ledger: Ledger,
  book: RouteBook,
  envelopes: readonly Envelope[],
  counts: Counts,
  { only }: DispatchOptions,
): Promise<Outcome> {
  const { environment } = ledger;
  const relayed = timestampOf(environment.now());
  const stamped = envelopes.map((envelope) => ({ ...envelope, relayed }));
  const routes = await book.routesOf(stamped);
  const wanted = only ? routes.map((some) => some.filter((route) => leadsTo(only, route))) : routes;
  const routed = wanted.filter((some) => some.length > 0).length;
  counts.add('relayed', routed);
  counts.add('unrouted', stamped.length - routed);
  if (!only) await noteUnrouted(ledger, book.unknownOf(stamped));

  const shipments = fanOut(stamped, wanted).flatMap((shipment) => delayed(environment, shipment));
  const delivered = await concurrently(SHIPMENTS_AT_ONCE, shipments, (shipment) => deliver(environment, shipment));
  const refusals = delivered.flatMap(({ refusal }) => refusal ?? []);
  if (refusals.length > 0) book.forget();
  if (!only) counts.add('handedOver', await handOver(environment, refusals));

  for (const { ids, removed } of delivered) {
    counts.add('copies', ids.length);
    counts.add('removed', removed);
  }
  return { sent: delivered, refused: only ? refusals.flatMap((refusal) => refusal.envelopes) : [] };
}

/** The copies that go to one destination. */
interface Shipment {
  /** How receipts name the destination: the subscriber of a queue, or the stream. */
  readonly to: string;
  readonly destination: Destination;
  /** Whether every subscriber behind it has been removed: then it may be gone, and may be gone rightly. */
  readonly removed: boolean;
  readonly envelopes: readonly Envelope[];
}

/**
 * Groups messages by where they go: one copy for each subscriber with a queue, and one for each stream, however many
 * subscribers share it. Keeps the messages' order.
 *
 * @param routes for each message, in the same order, the routes by which it is expected
 */
function fanOut(envelopes: readonly Envelope[], routes: readonly (readonly Route[])[]): Shipment[] {
  const shipments = new Map<
    string,
    { to: string; destination: Destination; removed: boolean; envelopes: Envelope[] }
  >();
  for (const [index, envelope] of envelopes.entries()) {
    for (const { subscriber, destination, until } of routes[index] ?? []) {
      const to = destination.kind === 'queue' ? subscriber : destination.name;
      const key = `${destination.kind}#${to}#${destination.kind === 'queue' ? destination.url : ''}`;
      const shipment = shipments.get(key) ?? { to, destination, removed: true, envelopes: [] };
      shipments.set(key, shipment);
      shipment.removed &&= until !== undefined;
      if (shipment.envelopes.at(-1) !== envelope) shipment.envelopes.push(envelope);
    }
  }
  return [...shipments.values()];
}

/** What a destination has taken, and what it has not. */
interface Delivery extends Sent {
  /** Copies for a subscriber that is gone. */
  readonly removed: number;
  readonly refusal?: Refusal;
}

async function deliver(environment: Environment, leg: Leg): Promise<Delivery> {
  const { to, destination, envelopes, removed, wait } = leg;
  const refusals = refusalsOf(environment);
  const name = `${destination.kind}#${wait ? SCHEDULE : to}`;
  const failed = await ship(environment, leg, refusals.pausesOf(name));
  if (wait && failed.length > 0) {
    throw new SendFailed(`${failed.length} copies for '${wait.to}' could not be put to wait (${failed[0]?.code})`);
  }
  const dropped = removed && failed.every(({ lasting }) => lasting);
  refusals.note(name, failed.length > 0 && !dropped);
  const missed = new Set(failed.map(({ index }) => index));
  const ids = envelopes.filter((_, index) => !missed.has(index)).map(({ id }) => id);
  if (failed.length === 0 || dropped) return { to, ids, removed: missed.size };
  const left = envelopes.filter((_, index) => missed.has(index));
  return { to, ids, removed: 0, refusal: { label: { kind: destination.kind, to }, envelopes: left, failed } };
}

/** Copies on their way to a destination; those for a stream that cannot go into it yet (`wait`), by the forward queue. */
type Leg = Shipment & { readonly wait?: Label };

/** What may go to its destination now, and what must wait for a second or more before it goes into its stream. */
function delayed(environment: Environment, shipment: Shipment): Leg[] {
  const { destination, envelopes } = shipment;
  if (destination.kind === 'queue') return [shipment];
  const now = environment.now();
  const isEarly = (envelope: Envelope) => secondsUntil(momentOf(envelope), now) > 0;
  const early = envelopes.filter(isEarly);
  if (early.length === 0) return [shipment];
  const forwardQueue = { kind: 'queue', url: bindingsOf(environment).get('forwardQueueUrl') } as const;
  const label = { kind: 'stream', to: destination.name } as const;
  const wait = { to: SCHEDULE, destination: forwardQueue, removed: false, envelopes: early, wait: label };
  const due = envelopes.filter((envelope) => !isEarly(envelope));
  return due.length === 0 ? [wait] : [{ ...shipment, envelopes: due }, wait];
}

function ship(environment: Environment, { destination, envelopes, wait }: Leg, pauses: Pauses): Promise<FailedEntry[]> {
  if (destination.kind === 'queue') {
    const now = environment.now();
    const entries = envelopes.map((envelope) => ({
      body: encodeEnvelope(envelope),
      traceHeader: traceHeader(envelope.traceparent),
      delaySeconds: secondsUntil(momentOf(envelope), now) || undefined,
      ...(isFifo(destination.url) && { fifo: { group: groupOf(envelope), deduplicationId: envelope.id } }),
      ...(wait && { attributes: labelled(wait) }),
    }));
    return sendMessages(environment, destination.url, entries, pauses);
  }
  const records = envelopes.map((envelope) => ({
    data: Buffer.from(encodeEnvelope(envelope)),
    partitionKey: envelope.partitionkey,
  }));
  return putRecords(environment, destination.name, records, pauses);
}
