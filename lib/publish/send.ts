import { type Bindings, bindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import { type Environment, environmentOf, quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { inTime } from '../aws/in-time.ts';
import { sendMessages } from '../aws/send-batch.ts';
import type { Delay, DelayOf } from '../contract/delay.ts';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import { InvalidDefinition } from '../contract/errors.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import { writtenFormat } from '../ledger/format.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { markSent } from '../ledger/mark-sent.ts';
import { mintingShards } from '../ledger/minted-shards.ts';
import { asStored, type OutboxRow, outboxRow } from '../ledger/rows/outbox.ts';
import { learnKeys, sealed, signs } from '../ledger/signing.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { newMessage } from '../message/new-message.ts';
import { traceHeader } from '../message/trace-context.ts';
import { COMMIT_MS } from '../transaction/pending-transaction.ts';
import { fibonacciPauses } from './fibonacci.ts';
import { storeNumbered } from './store-numbered.ts';
import { storePending } from './store-pending.ts';

/** What is known of a message that was sent. It is never lost once it is durable. */
export interface SendReceipt {
  /** The message id. */
  readonly id: string;
  /**
   * - `sent`: it is durable, and the broker has it.
   * - `pending`: it is durable, and not known to be with the broker: reconciliation sends it.
   * - `unknown`: it may be durable or not. If it is, it takes effect; sending its payload again is another message.
   */
  readonly state: 'sent' | 'pending' | 'unknown';
}

interface HandshakeOptions {
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
  /**
   * How long to try, at most a minute. A request that is under way then goes on, but nothing waits for it.
   * @default '2s', and with `onResult` '1m'
   */
  readonly within?: Duration;
  /** Whether a repeated send waits a random part of its Fibonacci seconds. @default false */
  readonly jitter?: boolean;
}

/** How and when `producer.send` sends, and whom it tells. */
export type SendOptions = HandshakeOptions &
  Delay & {
    /**
     * Called once with what came of it; then `send` itself returns as soon as the message is durable. What it throws is
     * logged. In Lambda, keep the invocation alive until it was called: a frozen one calls nobody.
     */
    readonly onResult?: (receipt: SendReceipt) => Promise<void> | void;
  };

/** How `producer.sendBatch` sends, and whom it tells. */
export interface SendBatchOptions extends HandshakeOptions {
  /** As of `send`, with one receipt for each entry, in order. */
  readonly onResult?: (receipts: readonly SendReceipt[]) => Promise<void> | void;
}

/** A message of a batch. */
export type SendEntry<Event extends EventDefinition = EventDefinition> = DelayOf<Event> & {
  readonly event: Event;
  readonly payload: EventInput<Event>;
};

/** Marks that are written at once. */
const MARKS_AT_ONCE = 8;

/**
 * Sends one message from where there is no transaction, and says what is known of it: its row is written as `pending`,
 * the message goes to the ledger's forward queue, and the row is marked `sent`. Two writes and one send; the process may
 * end between any two of them. A send that fails is repeated at once, then after 1, 1, 2, 3, 5, 8 … s; what is still
 * `pending` in the end, reconciliation sends.
 *
 * A timeout is no error: it is a receipt that says `unknown` or `pending`.
 *
 * @throws InvalidPayload, LimitExceeded, InvalidDefinition before anything is written
 * @throws TransactionRefused when DynamoDB refuses the row for good, e.g. for want of a permission: nothing was written
 * @throws MissingBinding when the function was not given to `grantSend`
 * @example const { id, state } = await producer.send(OrderPlaced, { orderId: '1', quantity: 2 });
 */
export async function send<Event extends EventDefinition>(
  event: Event,
  payload: EventInput<Event>,
  options?: SendOptions & DelayOf<Event>,
): Promise<SendReceipt> {
  const { onResult, delay, deliverAt, ...rest }: SendOptions = options ?? {};
  const [receipt] = await handshake([{ event, payload, delay: { delay, deliverAt } as Delay }], {
    ...rest,
    ...(onResult && { onResult: ([result]) => onResult(result as SendReceipt) }),
  });
  return receipt as SendReceipt;
}

/**
 * Sends many messages as `send` does each of them, in fewer calls: a write for 25, a send for 10, and a mark for each.
 *
 * @returns a receipt for each entry, in order
 * @throws as `send`; when one entry is refused, nothing is written of any
 * @example
 * const receipts = await producer.sendBatch(orders.map((order) => ({ event: OrderPlaced, payload: order })));
 */
export async function sendBatch<const Events extends readonly EventDefinition[]>(
  entries: { readonly [Index in keyof Events]: SendEntry<Events[Index]> },
  options: SendBatchOptions = {},
): Promise<SendReceipt[]> {
  const unsent = (entries as readonly SendEntry[]).map(({ event, payload, delay, deliverAt }) => ({
    event,
    payload,
    delay: { delay, deliverAt } as Delay,
  }));
  return handshake(unsent, options);
}

interface Unsent {
  readonly event: EventDefinition;
  readonly payload: unknown;
  readonly delay: Delay;
}

async function handshake(entries: readonly Unsent[], options: SendBatchOptions): Promise<SendReceipt[]> {
  const { environment = environmentOf(), onResult, within = onResult ? '1m' : '2s', jitter = false } = options;
  const patience = durationToMilliseconds(within);
  if (patience > COMMIT_MS) {
    throw new InvalidDefinition(
      `A send takes at most 1m: '${within}' is longer. What is pending then is sent all the same`,
    );
  }
  const bindings = bindingsOf(environment);
  const ledger = ledgerOf(environment, bindings);
  bindings.get('forwardQueueUrl');
  const until = environment.now() + patience;
  const minting = { ...bindings, shards: mintingShards(ledger) };
  if (signs(environment)) await learnKeys(environment);
  const messages = entries.map(({ event, payload, delay }) =>
    sealed(environment, newMessage(environment, minting, event, payload, delay)),
  );
  const isNumbered = messages.map(({ order }) => order !== undefined);

  // They say at every moment what is known.
  const states = messages.map((): SendReceipt['state'] => 'unknown');
  const receipts = () => messages.map(({ id }, place) => ({ id, state: states[place] as SendReceipt['state'] }));

  const format = writtenFormat(ledger);
  const rows = messages.map((message) => ({ ...outboxRow(message, format), sending: 'pending' as const }));
  // What is compressed in its row is so on its way.
  const envelopes = rows.map((row, place) => asStored(messages[place] as Envelope, row));
  const plain = [...rows.keys()].filter((place) => !isNumbered[place]);
  const plainRows = plain.map((place) => rows[place] as OutboxRow);
  const stored = Promise.all([
    storePending(ledger, plainRows, until, (index) => {
      states[plain[index] as number] = 'pending';
    }),
    storeNumbered(ledger, messages, until, (place, message, row) => {
      messages[place] = message;
      envelopes[place] = asStored(message, row);
      states[place] = 'pending';
    }),
  ]);
  const sent = stored.then(async () => {
    const places = [...states.keys()].filter((place) => states[place] === 'pending');
    const durable = places.map((place) => envelopes[place] as Envelope);
    const failed = await handOver(environment, bindings, durable, until, jitter);
    const taken = places.filter((_, index) => !failed.has(index));
    for (const place of taken) states[place] = 'sent';
    await concurrently(MARKS_AT_ONCE, taken, (place) => markSent(ledger, (envelopes[place] as Envelope).id, until));
  });

  const ended = inTime(environment, until, sent);
  if (!onResult) {
    await ended;
    return receipts();
  }
  // Where nothing was stored, the caller is told by the error.
  ended.catch(() => undefined);
  await inTime(environment, until, stored);
  const durable = receipts();
  void tell(environment, ended, () => onResult(receipts()));
  return durable;
}

/** Gives messages to the forward queue, and returns the places of those that it is not known to have. */
async function handOver(
  environment: Environment,
  bindings: Bindings,
  envelopes: readonly Envelope[],
  until: number,
  jitter: boolean,
): Promise<ReadonlySet<number>> {
  const entries = envelopes.map((envelope) => ({
    body: encodeEnvelope(envelope),
    traceHeader: traceHeader(envelope.traceparent),
  }));
  const pauses = fibonacciPauses(environment, until, jitter);
  const failed = await sendMessages(environment, bindings.get('forwardQueueUrl'), entries, pauses);
  const [first] = failed;
  if (first) quietly(() => environment.log.warn('pending', { messages: failed.length, code: first.code }));
  return new Set(failed.map(({ index }) => index));
}

async function tell(
  environment: Environment,
  ended: Promise<unknown>,
  callback: () => Promise<void> | void,
): Promise<void> {
  try {
    await ended;
    await callback();
  } catch (error) {
    quietly(() => environment.log.error('onResult failed', errorTrace(error)));
  }
}
