import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume, publish } from 'waybill/runtime';
import { publishing, type RunState, type System, type WorkloadStep } from 'waybill/testing';
import * as z from 'zod/mini';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Books = defineTable('books', {
  item: z.object({ by: z.string(), orders: z.int() }),
  partitionKey: 'by',
});
const Ship = defineSubscriber('ship', { consumes: [OrderPlaced], tables: [Books] });
const Count = defineSubscriber('count', { consumes: [OrderPlaced], tables: [Books] });

const SUBSCRIBERS = [Ship, Count];

const booking = (subscriber: (typeof SUBSCRIBERS)[number]) =>
  consume(subscriber, (_, { tx }) => {
    tx.update(Books, { by: subscriber.name }, { create: true, add: { orders: 1 } });
  });

/** Each order has a key of its own, so that they are spread over all shards. */
const ofManyKeys: WorkloadStep = ({ environment }) =>
  publish(OrderPlaced, { orderId: Buffer.from(environment.random(8)).toString('hex') }, { environment });

/** A shop whose ledger grows under its orders: those of many customers, those of one, and some that wait. */
export const growth: System = {
  subscribers: SUBSCRIBERS,
  handlers: Object.fromEntries(SUBSCRIBERS.map((one) => [one.name, booking(one)])),
  streams: { orders: [Count] },
  maxShards: 8,
  workload: [
    ofManyKeys,
    publishing(OrderPlaced, { orderId: 'the one' }),
    publishing(OrderPlaced, { orderId: 'later' }, '20s'),
  ],
  invariant: wrongBooks,
};

/** What a subscriber has handled, its books say, once. */
function wrongBooks({ rows, ended }: RunState): string[] {
  return SUBSCRIBERS.flatMap(({ name }) => {
    const handled = ended.filter(({ subscriber, state }) => subscriber === name && state === 'handled').length;
    const [booked] = rows(Books).filter(({ by }) => by === name);
    return handled === (booked?.orders ?? 0)
      ? []
      : [`${name} has handled ${handled} orders, and booked ${booked?.orders}`];
  });
}
