import middy from '@middy/core';
import type { Context, KinesisStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type Bindings, consumerBindingsOf } from '../aws/bindings.ts';
import { type Environment, environmentOf, whileInitializing } from '../aws/environment.ts';
import { summarize } from '../aws/invocation.ts';
import { fromQueue, fromStream, type InboundRecord } from '../aws/record.ts';
import { type Circuit, circuitOf } from '../circuit/circuit.ts';
import { PROBE } from '../circuit/probe-event.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { breakerIn } from '../contract/breaker.ts';
import { InvalidDefinition, MalformedMessage } from '../contract/errors.ts';
import type { EventDefinition, EventOutput } from '../contract/event.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { getRow, ledgerOf } from '../ledger/ledger.ts';
import { noInboxKey } from '../ledger/rows/inbox.ts';
import { learnKeys, signerOf, signs } from '../ledger/signing.ts';
import type { InOrder } from '../order/ordering.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { consumeBatch } from './batch.ts';
import type { Consumer } from './consumer.ts';
import type { AnyHandler, Commands, Invocation, Message, MessageEffects, Probe } from './invocation.ts';

/** What a handler is given beside the payload. */
export interface HandlerContext<Subscriber extends SubscriberDefinition, Type extends string> {
  /** Everything the handler does: committed in one transaction when it returns. */
  readonly tx: Transaction<Subscriber['tables'][number], Subscriber['publishes'][number]>;
  readonly message: Message<Type> & MessageEffects<Subscriber['effects']>;
}

/**
 * Handles one message. It may run more than once, so it has no effect but through `tx`. `throw new Rejected(reason)`
 * dead-letters the message; `throw new RetryLater('10m')` has it come again without counting an attempt; any other error is retried as
 * the subscriber's `retry` says.
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

/** How `consume` handles a batch. */
export interface ConsumeOptions {
  /** Records of a batch that are handled at once, from 1 to 100. @default 10 */
  readonly concurrency?: number;
  /**
   * Whether another attempt may mend what a handler threw. Where not, the message is dead-lettered at once. It is not asked of
   * `Rejected`, of errors of Waybill's own, and of AWS calls that were throttled or timed out.
   * @default whatever a handler throws is tried again
   */
  readonly retryable?: (error: unknown) => boolean;
  /**
   * Whether what a handler threw says that something fails on which it depends, such as a provider: so much of it opens the
   * subscriber's circuit. It is asked of what `retryable` is asked of.
   * @default whatever is retryable
   */
  readonly trips?: (error: unknown) => boolean;
  /**
   * What keeps the order of an ordered subscriber: `inOrder`, of 'waybill/runtime'. It is given here so that the bundles of the
   * others carry none of it.
   */
  readonly order?: InOrder;
}

/** middy would race each invocation against a real timer of its own; this has its own deadline, by the environment's clock. */
const NO_TIMER = { timeoutEarlyInMillis: 0 };

/** Time kept at an invocation's end for reporting: at most 2 s, and a fifth of the function's timeout. */
const RESERVE_MS = 2_000;
const RESERVE_SHARE = 0.2;

/**
 * The Lambda handler of a subscriber, for SQS and Kinesis event sources alike. Each record is decoded, validated and
 * handled; the handler's transaction is committed together with the proof that the message was handled, so that a
 * message takes effect once however often it is delivered. Records that fail are reported one by one.
 *
 * While Lambda initializes the process one row is read, so that the first batch finds its connections open. Anywhere else no
 * environment variable is read before the first invocation.
 *
 * @throws InvalidDefinition when a consumed event has no handler, the concurrency is out of range, `retryable` or `trips` is no function,
 * or an ordered subscriber is given no `order`
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
  return createConsumer(subscriber, handlers as AnyHandler | Readonly<Record<string, AnyHandler>>, options);
}

/** A consumer, of messages or of commands. @throws InvalidDefinition when `consume` does */
export function createConsumer(
  subscriber: SubscriberDefinition,
  handlers: AnyHandler | Readonly<Record<string, AnyHandler>>,
  options: ConsumeOptions,
  commands?: Commands,
): Consumer {
  const { concurrency = 10, retryable = () => true, trips = retryable, order } = options;
  if (typeof subscriber?.name !== 'string') {
    throw new InvalidDefinition(
      '`consume` was given no subscriber: give what `defineSubscriber` returned. Where that is undefined, modules import each other in a circle',
    );
  }
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 100) {
    throw new InvalidDefinition(
      `'${subscriber.name}' has concurrency ${concurrency}: give a whole number from 1 to 100`,
    );
  }
  if ((subscriber.ordered !== undefined) !== (order !== undefined)) {
    throw new InvalidDefinition(
      subscriber.ordered
        ? `'${subscriber.name}' is ordered: give \`consume\` what keeps the order, { order: inOrder } of 'waybill/runtime'`
        : `'${subscriber.name}' is not ordered: give its definition \`ordered\`, or leave \`order\` out`,
    );
  }
  for (const [option, given] of Object.entries({ retryable, trips })) {
    if (typeof given === 'function') continue;
    throw new InvalidDefinition(
      `'${subscriber.name}' has ${typeof given} for \`${option}\`: give a function of the error`,
    );
  }
  whileInitializing((environment) => openConnections(environment, subscriber));
  const byType = handlerByType(subscriber, handlers);
  return middy(
    async (
      event: SQSEvent | KinesisStreamEvent,
      context: Context,
    ): Promise<SQSBatchResponse & { readonly probe?: Probe }> => {
      const environment = environmentOf(context);
      const received = environment.now();
      const remaining = Math.max(0, context.getRemainingTimeInMillis());
      const bindings = consumerBindingsOf(environment, subscriber);
      const probe = isProbe(event) ? { ran: false, tripped: false } : undefined;
      const circuit = circuitIn(environment, bindings, subscriber.name);
      if (signs(environment)) await learnKeys(environment);
      const invocation: Invocation = {
        environment,
        bindings,
        subscriber,
        handlers: byType,
        retryable,
        trips,
        commands,
        circuit,
        probe,
        received,
        until: received + remaining - Math.min(RESERVE_MS, remaining * RESERVE_SHARE),
        deadline: received + remaining,
        function: context.functionName,
        request: context.awsRequestId,
        running: new Map(),
        before: new Map(),
        effectsUnderWay: new Set(),
        lateUses: { ids: new Set(), told: false },
        wrong: verifierIn(environment),
        order: order?.(ledgerOf(environment, bindings), subscriber, bindings.get('queueUrl')),
      };
      const records = recordsOf(event);
      const fields = { subscriber: subscriber.name, request: context.awsRequestId, records: records.length };
      const response = await summarize(environment, 'batch', fields, async (counts) => {
        if (!probe) await circuit?.look();
        return consumeBatch(invocation, records, concurrency, counts);
      });
      return probe ? { ...response, probe } : response;
    },
    NO_TIMER,
  );
}

/** Reads one of the subscriber's rows, where nothing else is read. */
async function openConnections(environment: Environment, { name }: SubscriberDefinition): Promise<void> {
  if (!environment.variables[BINDINGS.formats])
    await getRow(ledgerOf(environment), noInboxKey(name), { consistent: false });
}

/** Who looks at signatures, where the subscriber asks for them: by the keys as they are known in that moment. */
function verifierIn(environment: Environment): Invocation['wrong'] {
  return environment.variables[BINDINGS.verify] ? (envelope) => signerOf(environment).wrong(envelope) : undefined;
}

/** The circuit of the function's subscriber, where its construct gave it a breaker. */
function circuitIn(environment: Environment, bindings: Bindings, subscriber: string): Circuit | undefined {
  const settings = breakerIn(environment.variables[BINDINGS.breaker]);
  if (!settings) return undefined;
  const controlQueueUrl = bindings.get('controlQueueUrl');
  return circuitOf({ ledger: ledgerOf(environment, bindings), subscriber, settings, controlQueueUrl });
}

function isProbe(event: object): boolean {
  return (event as { readonly [PROBE]?: unknown })?.[PROBE] === true;
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
    const handler = typeof handlers === 'function' ? handlers : handlers?.[type];
    if (typeof handler !== 'function') {
      throw new InvalidDefinition(
        `'${name}' has no handler for '${type}': it is ${typeof handler}. Give a function, or an object with one for each event`,
      );
    }
    return [type, handler] as const;
  });
  return new Map(entries);
}
