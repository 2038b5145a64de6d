import { randomBytes } from 'node:crypto';
import { DeleteItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect } from 'vitest';
import { type AnyTable, type EventDefinition, type EventInput, tableBinding } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { stockUpFor } from '../../demo/audit.ts';
import { ordersOfRun } from '../../demo/orders.ts';
import {
  CountSales,
  NoteShipping,
  OrderPlaced,
  PaymentSucceeded,
  Payments,
  Reservations,
  ReserveStock,
  Sales,
  ShippingNotes,
  StockReserved,
  TakePayment,
} from '../../examples/commerce/contract.ts';
import { placeOrder } from '../../examples/commerce/place-order.ts';
import { ATTRIBUTES } from '../../lib/aws/record.ts';
import { openPartition } from '../../lib/ledger/rows/open-case.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { createEnvelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { LedgerReader } from '../engine/ledger-reader.ts';
import type { EnforcedShop } from './enforced-shop.ts';
import { ChargeCard, Outages } from './fragile.ts';

export const POLL = { timeout: 120_000, interval: 250 };

/** The largest message of SQS: with the reason for its end it is larger than any. */
const LARGEST = 1024 * 1024;

/** Which event a subscriber consumes. */
export const CONSUMED = [
  [TakePayment.name, OrderPlaced],
  [ChargeCard.name, OrderPlaced],
  [CountSales.name, OrderPlaced],
  [ReserveStock.name, PaymentSucceeded],
  [NoteShipping.name, StockReserved],
] as const;

/** A message, and who expects it. */
export type Expected = readonly [subscriber: string, id: string];

type Order = EventInput<typeof OrderPlaced>;

interface CommittedText {
  readonly id: string;
  readonly text: string;
}

/** Makes happen what does not happen to most messages, and waits until it has been dealt with. */
export class RareEvents {
  readonly #shop: EnforcedShop;
  readonly #environment: Environment;
  readonly #ledger: LedgerReader;

  /** @param environment of the shop's producer */
  constructor(shop: EnforcedShop, environment: Environment) {
    this.#shop = shop;
    this.#environment = environment;
    this.#ledger = new LedgerReader(shop, shop.deployment.ledger);
  }

  /**
   * Commits a message for each subscriber that the relay never sends, and one that expires at once.
   *
   * @returns their ids, with each subscriber
   */
  async lose(): Promise<Expected[]> {
    const ids = new Map<EventDefinition, string>();
    for (const event of new Set(CONSUMED.map(([, event]) => event))) {
      ids.set(event, await this.#commitUnseen(this.#envelope(event, order('lost'))));
    }
    const expired = await this.#commitUnseen(this.#envelope(StockReserved, order('expired'), 1));
    return [
      ...CONSUMED.map(([subscriber, event]) => [subscriber, ids.get(event) ?? ''] as const),
      [NoteShipping.name, expired],
    ];
  }

  /** Commits a message so that the relay does not see it. */
  async #commitUnseen({ id, text }: CommittedText): Promise<string> {
    const row = { ...outboxKey(id), ttl: Math.ceil(Date.now() / 1000) + 86_400 };
    // The relay takes up what is new: this it cannot read, and what takes its place it does not see.
    for (const envelope of ['unreadable', text]) await this.#put(this.#shop.deployment.ledger, { ...row, envelope });
    return id;
  }

  /** Until reconciliation has found the lost messages, sent them again, and closed their cases. */
  async untilHealed(lost: readonly Expected[]): Promise<void> {
    const reconciler = this.#shop.role('LedgerReconcilerRole');
    await expect
      .poll(async () => {
        expect(await this.#shop.invoke(reconciler)).toBeUndefined();
        return [...(await this.#states(lost)), await this.#hurryCases()];
      }, POLL)
      .toEqual([...lost.map(([subscriber]) => `${subscriber} ended`), 0]);
  }

  /** Sends each subscriber, and each recorder, a record that no dead-letter queue can carry. */
  async sendLargest(): Promise<void> {
    for (const url of await this.#queues()) await this.#shop.send(url, 'x'.repeat(LARGEST));
  }

  /** Until nothing waits at any subscriber, or at any recorder. */
  async untilEmpty(): Promise<void> {
    const queues = await this.#queues();
    const filled = async (url: string) => ((await this.#shop.queued(url)) > 0 ? [url] : []);
    await expect.poll(async () => (await Promise.all(queues.map(filled))).flat(), POLL).toEqual([]);
  }

  /**
   * Has SQS give up a message of each subscriber that could be handled, and once more after it was redriven.
   *
   * @returns what is dead by that
   */
  async giveUp(): Promise<Expected[]> {
    const placed = order('given-up');
    const environment = this.#environment;
    await stockUpFor([placed, placed, placed], { environment });
    await placeOrder(placed, { environment });
    const envelopes = new Map<EventDefinition, CommittedText>();
    for (const event of new Set(CONSUMED.map(([, event]) => event))) {
      const envelope = this.#envelope(event, placed);
      await this.#commitUnseen(envelope);
      envelopes.set(event, envelope);
    }
    const given = CONSUMED.map(([subscriber, event]) => ({ subscriber, ...envelopes.get(event)! }));
    const ended = () =>
      Promise.all(given.map(async (one) => (await this.#ledger.inbox(one.subscriber, one.id))?.hops.ended ?? 0));
    for (const [attributes, before] of [
      [{}, 0],
      [{ [ATTRIBUTES.redrive]: 'none' }, Date.now()],
    ] as const) {
      for (const { subscriber, text } of given) {
        const { queueUrl = '' } = this.#shop.subscribers[subscriber] ?? {};
        await this.#shop.send(await this.#shop.backstopOf(queueUrl), text, attributes);
      }
      await expect.poll(async () => Math.min(...(await ended())), POLL).toBeGreaterThan(before);
    }
    return given.map(({ subscriber, id }) => [subscriber, id]);
  }

  /** Has the handling of one message fail twice at each subscriber, by a broken row, until the row is mended. */
  async fail(): Promise<void> {
    const failing = order('failing');
    const { orderId, sku, paymentSequence, placedAt } = failing;
    const broken: readonly (readonly [AnyTable, Record<string, unknown>, string])[] = [
      [Payments, { orderId, paymentSequence }, 'captures'],
      [Sales, { sku, day: placedAt.slice(0, 10) }, 'orders'],
      [Reservations, { orderId }, 'reservations'],
      [ShippingNotes, { orderId }, 'copies'],
      [Outages, { name: orderId }, 'out'],
    ];
    const environment = this.#environment;
    for (const [table, key, column] of broken) await this.#put(this.#table(table), { ...key, [column]: 'broken' });
    await stockUpFor([failing, failing], { environment });
    const placed = await placeOrder(failing, { environment });
    const { id: paid } = await publish(PaymentSucceeded, failing, { environment });
    const { id: reserved } = await publish(StockReserved, failing, { environment });
    const ids: readonly Expected[] = [
      [TakePayment.name, placed],
      [ChargeCard.name, placed],
      [CountSales.name, placed],
      [ReserveStock.name, paid],
      [NoteShipping.name, reserved],
    ];
    // The second attempt is one from the queue, for a stream's subscriber too.
    await expect
      .poll(() => Promise.all(ids.map(async (id) => (await this.#ledger.failure(...id))?.attempts ?? 0)), POLL)
      .toEqual(ids.map(() => expect.toSatisfy((attempts: number) => attempts >= 2)));
    for (const [table, key] of broken) {
      await this.#shop.dynamodb.send(new DeleteItemCommand({ TableName: this.#table(table), Key: marshall(key) }));
    }
    await this.untilEnded(ids);
  }

  /** Until messages have ended wherever they are expected. */
  async untilEnded(ids: readonly Expected[]): Promise<void> {
    await expect.poll(() => this.#states(ids), POLL).toEqual(ids.map(([subscriber]) => `${subscriber} ended`));
  }

  #states(ids: readonly Expected[]): Promise<string[]> {
    return Promise.all(
      ids.map(async ([subscriber, id]) => {
        const row = await this.#ledger.inbox(subscriber, id);
        return `${subscriber} ${row ? 'ended' : 'waits'}`;
      }),
    );
  }

  /** Lets the pause pass after which open cases are looked at again. @returns how many there are */
  async #hurryCases(): Promise<number> {
    const TableName = this.#shop.deployment.ledger;
    let count = 0;
    for (let shard = 0; shard < this.#shop.deployment.shards; shard++) {
      const { Items = [] } = await this.#shop.dynamodb.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: openPartition(shard) } },
        }),
      );
      count += Items.length;
      for (const { pk, sk } of Items) {
        if (!pk || !sk) continue;
        await this.#shop.dynamodb.send(
          new UpdateItemCommand({
            TableName,
            Key: { pk, sk },
            UpdateExpression: 'SET #next = :now',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeNames: { '#next': 'next' },
            ExpressionAttributeValues: { ':now': { N: String(Date.now()) } },
          }),
        );
      }
    }
    return count;
  }

  /** The subscribers' own queues, and their backstops. */
  async #queues(): Promise<string[]> {
    const own = Object.values(this.#shop.subscribers).map(({ queueUrl }) => queueUrl);
    return [...own, ...(await Promise.all(own.map((url) => this.#shop.backstopOf(url))))];
  }

  /** @param life milliseconds until it expires. @default the event's lifetime */
  #envelope(event: EventDefinition, payload: Order, life?: number): CommittedText {
    const { ledger, shards } = this.#shop.deployment;
    const context = { now: Date.now(), random: randomBytes, shards, ledger, publisher: 'shop' };
    const envelope = createEnvelope(event, payload, context);
    const expires = life === undefined ? envelope.expires : new Date(context.now + life).toISOString();
    return { id: envelope.id, text: encodeEnvelope({ ...envelope, expires }) };
  }

  async #put(TableName: string, row: Record<string, unknown>): Promise<void> {
    await this.#shop.dynamodb.send(new PutItemCommand({ TableName, Item: marshall(row) }));
  }

  #table({ name }: AnyTable): string {
    return this.#shop.deployment.variables[tableBinding(name)] ?? '';
  }
}

/** An order, which is as good as a payment or a reservation of the same. */
export function order(name: string): Order {
  const [made] = ordersOfRun(name, [
    {
      orderId: randomBytes(4).toString('hex'),
      customerId: 'customer-1',
      sku: 'album-1',
      quantity: 1,
      amountCents: 1_000,
      paymentSequence: 1,
      placedAt: new Date().toISOString(),
    },
  ]);
  return made as Order;
}
