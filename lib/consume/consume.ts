import middy, { type MiddyfiedHandler } from '@middy/core';
import type { Context, KinesisStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { consumerBindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import { environmentOf } from '../aws/environment.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { fromQueue, fromStream, type InboundRecord } from '../aws/record.ts';
import { backOff, givenBack, postponed } from '../aws/visibility.ts';
import { InvalidDefinition, MalformedMessage } from '../contract/errors.ts';
import type { EventDefinition, EventOutput } from '../contract/event.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { momentOf, secondsUntil } from '../message/delivery-time.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { type Delivery, deliver, type Early, type Invocation } from './deliver.ts';
import type { Message } from './message.ts';
import { type Opened, open } from './open.ts';
import { park } from './park.ts';
import type { AnyHandler } from './settle.ts';

/** What a handler is given beside the payload. */
export interface HandlerContext<Subscriber extends SubscriberDefinition, Type extends string> {
  /** Everything the handler does: committed in one transaction when it returns. */
  readonly tx: Transaction<Subscriber['tables'][number], Subscriber['publishes'][number]>;
  readonly message: Message<Type>;
}

/**
 * Handles one message. It may run more than once, so it has no effect but through `tx`. `throw new Rejected(reason)`
 * dead-letters the message; any other error is retried.
 */
export type Handler<Subscriber extends SubscriberDefinition, Event extends EventDefinition> = (
  payload: EventOutput<Event>,
  context: HandlerContext<Subscriber, Event['type']>,
) => Promise<void> | void;

/** One handler for each event type that the subscriber consumes. */
export type Handlers<Subscriber extends SubscriberDefinition> = {
  readonly [Event in Subscriber['consumes'][number] as Event['type']]: Handler<Subscriber, Event>;
};

/** A subscriber of one event may give its handler alone. */
export type HandlerOrHandlers<Subscriber extends SubscriberDefinition> = Subscriber['consumes'] extends readonly [
  infer Only extends EventDefinition,
]
  ? Handler<Subscriber, Only> | Handlers<Subscriber>
  : Handlers<Subscriber>;

export interface ConsumeOptions {
  /** Records of a batch that are handled at once, from 1 to 100. @default 10 */
  readonly concurrency?: number;
}

/** The Lambda handler of a subscriber's function: a middy handler, so that middlewares can be added by `.use()`. */
export type Consumer = MiddyfiedHandler<SQSEvent | KinesisStreamEvent, SQSBatchResponse, Error, Context>;

/** middy would race each invocation against a real timer of its own; this has its own deadline, by the environment's clock. */
const NO_TIMER = { timeoutEarlyInMillis: 0 };

/** Time kept at an invocation's end for reporting: at most 2 s, and a fifth of the function's timeout. */
const RESERVE_MILLISECONDS = 2_000;
const RESERVE_SHARE = 0.2;

/**
 * The Lambda handler of a subscriber, for SQS and Kinesis event sources alike. Each record is decoded, validated and
 * handled; the handler's transaction is committed together with the proof that the message was handled, so that a
 * message takes effect once however often it is delivered. Records that fail are reported one by one.
 *
 * Reads no environment variable before the first invocation.
 *
 * @throws InvalidDefinition when a consumed event has no handler, or the concurrency is out of range
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * @example
 * export const handler = consume(ReserveStock, async (order, { tx }) => {
 *   tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity }, when: { quantity: atLeast(order.quantity) } });
 *   tx.publish(StockReserved, { orderId: order.orderId });
 * });
 */
export function consume<Subscriber extends SubscriberDefinition>(
  subscriber: Subscriber,
  handlers: HandlerOrHandlers<Subscriber>,
  options: ConsumeOptions = {},
): Consumer {
  const { concurrency = 10 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 100) {
    throw new InvalidDefinition(
      `'${subscriber.name}' has concurrency ${concurrency}: give a whole number from 1 to 100`,
    );
  }
  const byType = handlerByType(subscriber, handlers as AnyHandler | Readonly<Record<string, AnyHandler>>);
  return middy(async (event: SQSEvent | KinesisStreamEvent, context: Context): Promise<SQSBatchResponse> => {
    const environment = environmentOf(context);
    const received = environment.now();
    const remaining = Math.max(0, context.getRemainingTimeInMillis());
    const invocation: Invocation = {
      environment,
      bindings: consumerBindingsOf(environment, subscriber),
      subscriber,
      handlers: byType,
      received,
      until: received + remaining - Math.min(RESERVE_MILLISECONDS, remaining * RESERVE_SHARE),
      function: context.functionName,
      request: context.awsRequestId,
    };
    const records = recordsOf(event);
    const fields = { subscriber: subscriber.name, request: context.awsRequestId, records: records.length };
    return summarize(environment, 'batch', fields, (counts) => consumeBatch(invocation, records, concurrency, counts));
  }, NO_TIMER);
}

async function consumeBatch(
  invocation: Invocation,
  records: readonly InboundRecord[],
  concurrency: number,
  counts: Counts,
): Promise<SQSBatchResponse> {
  const { environment, bindings } = invocation;
  const opened = records.map((record) => open(invocation.subscriber, record, invocation.received));
  const inTime = await deliverUntil(invocation, records, opened, concurrency);
  const deliveries = inTime.includes(undefined) ? await deliverUnhandled(invocation, records, opened, inTime) : inTime;
  for (const delivery of deliveries) counts.add(isEarly(delivery) ? 'early' : (delivery ?? 'unfinished'));

  const queued: ReturnType<typeof postponed<Extract<InboundRecord, { transport: 'queue' }>>>[] = [];
  const streamed: ReturnType<typeof postponed<Extract<InboundRecord, { transport: 'stream' }>>>[] = [];
  records.forEach((record, index) => {
    const delivery = deliveries[index];
    if (delivery !== undefined && delivery !== 'again' && !isEarly(delivery)) return;
    const rest = isEarly(delivery) ? secondsUntil(delivery.due, environment.now()) : undefined;
    const later = <Inbound extends InboundRecord>(one: Inbound) =>
      rest === undefined ? postponed(one, delivery === 'again') : givenBack(one, rest);
    if (record.transport === 'queue') queued.push(later(record));
    else streamed.push(later(record));
  });
  await backOff(environment, bindings.get('queueUrl'), queued);
  await park(environment, bindings, streamed);
  return { batchItemFailures: queued.map(({ record }) => ({ itemIdentifier: record.eventId })) };
}

/**
 * Delivers the records until the invocation's time is up: then nothing new is started, and what has not come to an end is
 * `undefined`. A handler that is still running may commit later; its redelivery then finds the message ended.
 */
async function deliverUntil(
  invocation: Invocation,
  records: readonly InboundRecord[],
  opened: readonly Opened[],
  concurrency: number,
): Promise<readonly (Delivery | undefined)[]> {
  const { environment, until } = invocation;
  const deliveries: (Delivery | undefined)[] = records.map(() => undefined);
  const done = new AbortController();
  const work = concurrently(concurrency, inOrderOfMoments(opened), async (index) => {
    if (environment.now() >= until) return;
    deliveries[index] = await deliver(invocation, records[index] as InboundRecord, opened[index] as Opened);
  });
  const timeUp = environment.sleep(Math.max(0, until - environment.now()), done.signal);
  await Promise.race([work, timeUp]);
  // With a reason of its own: the default is an error whose stack takes longer to collect than a record to decode.
  done.abort('ended');
  return [...deliveries];
}

/**
 * What needs no handler is done though time is up: a stream's record that the subscriber does not consume, or that is no
 * envelope, has no place in its retry queue.
 */
function deliverUnhandled(
  invocation: Invocation,
  records: readonly InboundRecord[],
  opened: readonly Opened[],
  deliveries: readonly (Delivery | undefined)[],
): Promise<(Delivery | undefined)[]> {
  return concurrently(records.length, records, async (record, index) => {
    const delivery = deliveries[index];
    if (delivery || record.transport === 'queue') return delivery;
    const one = opened[index] as Opened;
    const isNoEnvelope = one.kind === 'refused' && !one.envelope;
    return one.kind === 'skipped' || isNoEnvelope ? deliver(invocation, record, one) : undefined;
  });
}

/**
 * The places of the records, by when they may be handled: whoever waits for a moment keeps a place from those only that
 * come later still.
 */
function inOrderOfMoments(opened: readonly Opened[]): number[] {
  const moments = opened.map((one) => (one.kind === 'message' ? momentOf(one.envelope) : 0));
  return [...moments.keys()].sort((one, other) => (moments[one] ?? 0) - (moments[other] ?? 0));
}

function isEarly(delivery: Delivery | undefined): delivery is Early {
  return typeof delivery === 'object';
}

function recordsOf(event: SQSEvent | KinesisStreamEvent): InboundRecord[] {
  const records: unknown = event?.Records;
  if (!Array.isArray(records)) {
    throw new MalformedMessage(
      'The event is no batch of SQS or Kinesis records: check the event source of this function',
    );
  }
  return records.map((record) => ('kinesis' in record ? fromStream(record) : fromQueue(record)));
}

function handlerByType(
  { name, consumes }: SubscriberDefinition,
  handlers: AnyHandler | Readonly<Record<string, AnyHandler>>,
): ReadonlyMap<string, AnyHandler> {
  if (typeof handlers === 'function' && consumes.length > 1) {
    throw new InvalidDefinition(`'${name}' consumes ${consumes.length} events: give an object with a handler for each`);
  }
  const entries = consumes.map(({ type }) => {
    const handler = typeof handlers === 'function' ? handlers : handlers[type];
    if (typeof handler !== 'function') throw new InvalidDefinition(`'${name}' has no handler for '${type}'`);
    return [type, handler] as const;
  });
  return new Map(entries);
}
