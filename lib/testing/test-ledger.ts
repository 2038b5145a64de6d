import type { Environment } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import type { AnyTable, TableItem, TableKey } from '../contract/table.ts';
import { momentOf } from '../message/delivery-time.ts';
import type { Envelope } from '../message/envelope.ts';
import {
  type DeadLetter,
  type Delivery,
  type PublishedMessage,
  publishedIn,
  retryReason,
  summaryOf,
  writeIn,
} from './delivery.ts';
import { TestMisused } from './errors.ts';
import { type ConsumerHandler, type Invocation, Invoker } from './invocation.ts';
import { LetterBox } from './letter-box.ts';
import { MemoryStack } from './stack/memory-stack.ts';
import { Subscription } from './subscription.ts';
import { VirtualClock } from './virtual-clock.ts';

/** When a test begins, and from which seed its chance comes. */
export interface TestLedgerOptions {
  /** Milliseconds since the epoch at which the test begins. @default 2026-01-01T00:00:00Z */
  readonly now?: number;
  /** Of all randomness: ids, tokens, jitter. @default 1 */
  readonly seed?: number;
}

/** How a message comes to a handler, and how long the handler may take. */
export interface DeliverOptions {
  /** Whether the message comes as a record of SQS or of Kinesis. @default 'queue' */
  readonly transport?: 'queue' | 'stream';
  /** Whether an operator has sent it again from the dead-letter queue. @default false */
  readonly redriven?: boolean;
  /** How long the invocation may take. @default '30s' */
  readonly timeout?: Duration;
}

const SHARDS = 16;
const START = Date.UTC(2026, 0, 1);

/**
 * A ledger in memory for unit tests of handlers: it delivers messages through the very code that runs in Lambda, to
 * engines that answer as AWS does, on a virtual clock and with seeded randomness. Every business table that a handler
 * declares is there, empty until `row` or the handler fills it. No AWS account, no network, no waiting.
 *
 * @example
 * const shop = testLedger().row(Stock, { sku: 'a', quantity: 5, version: 0 });
 * const { outcome, published, id } = await shop.deliver(handler, OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 });
 * expect(outcome).toBe('handled');
 * expect(published).toMatchObject([{ type: 'stock.reserved', payload: { quantity: 2 } }]);
 * expect(shop.read(Stock, { sku: 'a' })?.quantity).toBe(3);
 * expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'already', writes: [] });
 */
export function testLedger(options: TestLedgerOptions = {}): TestLedger {
  return new TestLedger(options);
}

/** See `testLedger`. */
export class TestLedger {
  /** Messages that handlers and producers have published, in the order of their commits. */
  readonly published: PublishedMessage[] = [];
  readonly #clock: VirtualClock;
  readonly #stack: MemoryStack;
  readonly #invoker: Invoker;
  readonly #letterBox: LetterBox;
  #producer: Environment | undefined;
  readonly #subscriptions = new Map<ConsumerHandler, Subscription>();

  constructor({ now = START, seed = 1 }: TestLedgerOptions) {
    this.#clock = new VirtualClock({ now, jumps: true });
    this.#stack = new MemoryStack({ clock: this.#clock, seed, shards: SHARDS });
    this.#invoker = new Invoker(this.#stack);
    const { sqs, s3 } = this.#stack.engines;
    const deadLetters = sqs.createQueue({ name: 'dead-letters', retentionSeconds: Number.POSITIVE_INFINITY });
    this.#letterBox = new LetterBox(deadLetters, s3);
  }

  /** Messages that subscribers have given up, in the order in which they did. */
  get deadLetters(): readonly DeadLetter[] {
    return this.#letterBox.letters;
  }

  /** The virtual time, in milliseconds since the epoch. It passes by `advance`, and while a handler's retries wait. */
  get now(): number {
    return this.#clock.now();
  }

  /**
   * The environment of a producer: give it to `publish`, `transact`, `cancel` or to the functions of `producer`. What it
   * commits is among `published`, and can be delivered. Handlers have environments of their own.
   *
   * @example
   * await placeOrder(order, { environment: shop.environment });
   * expect(shop.published).toMatchObject([{ type: 'order.placed', payload: order }]);
   * await shop.deliver(reserveStock, shop.published[0]);
   */
  get environment(): Environment {
    this.#producer ??= this.#invoker.producer({ [BINDINGS.producer]: 'test' }, (changes) => {
      this.published.push(...changes.flatMap((change) => publishedIn(this.#stack.ledger.name, change)));
    });
    return this.#producer;
  }

  /** Lets time pass. */
  advance(duration: Duration): this {
    this.#clock.pass(durationToMilliseconds(duration));
    return this;
  }

  /**
   * Puts a row into a business table, in place of the one with its key.
   *
   * @throws InvalidPayload when it does not satisfy the table's schema, or holds what no row can
   */
  row<T extends AnyTable>(table: T, item: TableItem<T>): this {
    this.#stack.row(table, item);
    return this;
  }

  /** A row of a business table as it is now. */
  read<T extends AnyTable>(table: T, key: TableKey<T>): TableItem<T> | undefined {
    return this.#stack.read(table, key);
  }

  /** All rows of a business table as they are now, ordered by their keys. */
  rows<T extends AnyTable>(table: T): TableItem<T>[] {
    return this.#stack.rows(table);
  }

  /**
   * Commits a message and delivers it to a handler, or delivers one that another handler has published. The moment of one
   * that was delayed is waited for.
   *
   * @throws InvalidPayload, LimitExceeded when the message could not be published
   * @throws TestMisused when the handler's subscriber does not consume the event
   * @throws MissingBinding when the handler asks for a binding that the test ledger does not have
   */
  deliver<Event extends EventDefinition>(
    handler: ConsumerHandler,
    event: Event,
    payload: EventInput<Event>,
    options?: DeliverOptions,
  ): Promise<Delivery>;
  deliver(handler: ConsumerHandler, message: PublishedMessage, options?: DeliverOptions): Promise<Delivery>;
  async deliver(
    handler: ConsumerHandler,
    what: EventDefinition | PublishedMessage,
    payloadOrOptions?: unknown,
    options: DeliverOptions = {},
  ): Promise<Delivery> {
    if (!('schema' in what)) return this.redeliver(handler, what.id, payloadOrOptions as DeliverOptions | undefined);
    return this.#deliver(handler, this.#stack.outbox.commit(what, payloadOrOptions), options);
  }

  /**
   * Delivers a message again. To a handler that never had it, it comes for the first time; where it waits to be retried,
   * its time is waited for.
   *
   * @param id of a message that was delivered or published here
   */
  async redeliver(handler: ConsumerHandler, id: string, options: DeliverOptions = {}): Promise<Delivery> {
    return this.#deliver(handler, this.#stack.outbox.read(id), options);
  }

  async #deliver(handler: ConsumerHandler, envelope: Envelope, options: DeliverOptions): Promise<Delivery> {
    this.#clock.pass(Math.max(0, momentOf(envelope) - this.#clock.now()));
    const subscription = this.#subscription(handler);
    const record =
      options.transport === 'stream'
        ? subscription.fromStream(envelope)
        : options.redriven
          ? subscription.redriven(envelope, this.#letterBox.last(envelope.id)?.reason ?? 'unknown')
          : subscription.fromQueue(envelope);
    const timeout = durationToMilliseconds(options.timeout ?? '30s');
    const variables = this.#variables(subscription);
    const invocation = await this.#invoker.invoke(handler, record, variables, timeout);
    if ('receiptHandle' in record) subscription.acknowledge(record, invocation.response?.batchItemFailures ?? []);
    await this.#letterBox.collect();
    return this.#report(envelope, invocation);
  }

  #report({ id, type }: Envelope, { changes, lines }: Invocation): Delivery {
    const summary = summaryOf(lines);
    if (!summary) throw new TestMisused('The handler did not consume the record: give what `consume` returns');
    const { outcome, subscriber } = summary;
    const ledger = this.#stack.ledger.name;
    const published = changes.flatMap((change) => publishedIn(ledger, change));
    this.published.push(...published);
    const report = { outcome, id, published, writes: changes.flatMap((change) => writeIn(ledger, change)) };
    if (outcome === 'deadLettered') {
      const letter = this.#letterBox.last(id);
      return { ...report, reason: letter?.reason, detail: letter?.detail };
    }
    if (outcome !== 'retried') return report;
    const why = retryReason(changes, lines);
    if (why.reason === 'unknown-event-type') {
      throw new TestMisused(
        `'${subscriber}' does not consume '${type}': add it to \`consumes\`, or deliver it elsewhere`,
      );
    }
    return { ...report, ...why };
  }

  #subscription(handler: ConsumerHandler): Subscription {
    const known = this.#subscriptions.get(handler);
    if (known) return known;
    const queue = this.#stack.engines.sqs.createQueue({ name: `subscriber-${this.#subscriptions.size + 1}` });
    const subscription = new Subscription(queue, this.#clock);
    this.#subscriptions.set(handler, subscription);
    return subscription;
  }

  #variables({ queue }: Subscription): Environment['variables'] {
    return {
      [BINDINGS.queueUrl]: queue.url,
      [BINDINGS.deadLetterQueueUrl]: this.#letterBox.url,
      [BINDINGS.quarantineBucket]: this.#stack.bucket,
    };
  }
}
