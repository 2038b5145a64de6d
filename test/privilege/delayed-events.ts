import { randomBytes } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { EventDefinition } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { OrderPlaced, PaymentSucceeded, StockReserved } from '../../examples/commerce/contract.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import { type OutboxRow, outboxRow } from '../../lib/ledger/rows/outbox.ts';
import { createEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { labelled } from '../../lib/relay/hand-over.ts';
import type { EnforcedShop } from './enforced-shop.ts';
import { CONSUMED, type Expected, order } from './rare-events.ts';

/** Every event of the shop. */
const EVENTS = [OrderPlaced, PaymentSucceeded, StockReserved];

/** Long enough for everybody to look at it before its moment. */
const SOON = 20_000;
const FAR = 20 * 60_000;

/** Has the forwarder, the sweep, the relay and the reconciler do whatever they do with messages that wait. */
export class DelayedEvents {
  readonly #shop: EnforcedShop;
  readonly #environment: Environment;

  /** @param environment of the shop's producer */
  constructor(shop: EnforcedShop, environment: Environment) {
    this.#shop = shop;
    this.#environment = environment;
  }

  /** Commits a message that its producer never sends. @returns who expects it */
  async leavePending(): Promise<Expected[]> {
    const envelope = this.#envelope(OrderPlaced, 'pending');
    await this.#commit(envelope, 'pending');
    return expectedOf(OrderPlaced, envelope.id);
  }

  /** Sends on from the forward queue: at once, later, and much later. @returns who expects what is sent soon */
  async forward(): Promise<Expected[]> {
    const now = Date.now();
    const queue = await this.#shop.queueUrl('LedgerForwardQueue');
    const expected: Expected[] = [];
    for (const event of EVENTS) {
      const envelope = this.#envelope(event, 'forwarded');
      await this.#commit(envelope, 'sent');
      await this.#shop.send(queue, encodeEnvelope(envelope));
      expected.push(...expectedOf(event, envelope.id));
    }
    const [soon, early, far] = [now + SOON, now + SOON, now + FAR].map((moment) =>
      this.#envelope(OrderPlaced, 'forwarded', moment),
    ) as [Envelope, Envelope, Envelope];
    for (const envelope of [soon, early, far]) await this.#commit(envelope, 'sent');
    for (const envelope of [soon, far]) await this.#shop.send(queue, encodeEnvelope(envelope));
    // A copy for the stream that is there before its time.
    const { 'count-sales': { streamName = '' } = {} } = this.#shop.deployment.subscribers;
    await this.#shop.send(queue, encodeEnvelope(early), labelled({ kind: 'stream', to: streamName }));
    // The other copy of it: whoever had it handles it once.
    await this.#shop.send(queue, encodeEnvelope(early));
    return [...expected, ...[soon, early].flatMap(({ id }) => expectedOf(OrderPlaced, id))];
  }

  /** Has what is due now, and soon, swept. @returns who expects it */
  async sweep(): Promise<Expected[]> {
    const now = Date.now();
    const due = [
      ...EVENTS.map((event) => ({ event, envelope: this.#envelope(event, 'swept', now) })),
      { event: OrderPlaced, envelope: this.#envelope(OrderPlaced, 'swept', now + SOON) },
    ];
    for (const { envelope } of due) {
      await this.#commit(envelope, 'sent');
      await this.#put({
        ...dueKey(envelope.id, Date.parse(envelope.deliverat ?? '')),
        ttl: Math.ceil(now / 1000) + 86_400,
      });
    }
    const error = await this.#shop.invoke(this.#shop.role('LedgerSweepRole'));
    if (error) throw new Error(`The sweep failed: ${error}`);
    return due.flatMap(({ event, envelope }) => expectedOf(event, envelope.id));
  }

  /** Publishes for soon and for much later. @returns who expects what is sent soon */
  async publish(): Promise<Expected[]> {
    const environment = this.#environment;
    const { id } = await publish(OrderPlaced, order('delayed'), { environment, delay: '20s' });
    await publish(OrderPlaced, order('delayed'), { environment, delay: '20m' });
    return expectedOf(OrderPlaced, id);
  }

  #envelope(event: EventDefinition, name: string, deliverAt?: number): Envelope {
    const { ledger, shards } = this.#shop.deployment;
    const context = { now: Date.now(), random: randomBytes, shards, ledger, publisher: 'shop' };
    return createEnvelope(event, order(name), { ...context, ...(deliverAt !== undefined && { deliverAt }) });
  }

  /** The relay passes it over. */
  #commit(envelope: Envelope, sending: OutboxRow['sending']): Promise<void> {
    return this.#put({ ...outboxRow(envelope), sending });
  }

  async #put(row: object): Promise<void> {
    await this.#shop.dynamodb.send(
      new PutItemCommand({
        TableName: this.#shop.deployment.ledger,
        Item: marshall(row, { removeUndefinedValues: true }),
      }),
    );
  }
}

function expectedOf({ type }: EventDefinition, id: string): Expected[] {
  return CONSUMED.filter(([, event]) => event.type === type).map(([subscriber]) => [subscriber, id]);
}
