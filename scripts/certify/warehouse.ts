import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { cancel, consume, publish } from 'waybill/runtime';
import { bySending, publishing, type RunState, type System } from 'waybill/testing';
import * as z from 'zod/mini';

const GoodsSold = defineEvent('goods.sold', {
  schema: z.object({ saleId: z.string(), sku: z.string() }),
  key: ({ sku }) => sku,
  businessLine: 'warehouse',
});
const Books = defineTable('books', {
  item: z.object({ by: z.string(), sku: z.string(), sold: z.int() }),
  partitionKey: 'by',
  sortKey: 'sku',
});
const Pick = defineSubscriber('pick', { consumes: [GoodsSold], tables: [Books] });
const Count = defineSubscriber('count', { consumes: [GoodsSold], tables: [Books] });
const Report = defineSubscriber('report', { consumes: [GoodsSold], tables: [Books] });

const SUBSCRIBERS = [Pick, Count, Report];

/** Those that succeed two of them. */
const Fetch = defineSubscriber('fetch', { consumes: [GoodsSold], tables: [Books] });
const Sum = defineSubscriber('sum', { consumes: [GoodsSold], tables: [Books] });

const booking = (subscriber: (typeof SUBSCRIBERS)[number] | typeof Fetch | typeof Sum) =>
  consume(subscriber, ({ sku }, { tx }) => {
    tx.update(Books, { by: subscriber.name, sku }, { create: true, add: { sold: 1 } });
  });

const sell = (saleId: string) => publishing(GoodsSold, { saleId, sku: 'a' });

/** A small business whose subscribers come and go: two of them read one stream, and each books whatever is sold. */
export const warehouse: System = {
  subscribers: SUBSCRIBERS,
  handlers: Object.fromEntries(SUBSCRIBERS.map((one) => [one.name, booking(one)])),
  streams: { goods: [Count, Report] },
  successors: {
    [Pick.name]: { subscriber: Fetch, handler: booking(Fetch) },
    [Count.name]: { subscriber: Sum, handler: booking(Sum) },
  },
  workload: [
    sell('1'),
    sell('2'),
    publishing(GoodsSold, { saleId: '3', sku: 'b' }, '20s'),
    bySending(['cancel'], ({ environment }) => publish(GoodsSold, { saleId: '4', sku: 'b' }, { environment }), {
      after: '1s',
      run: ({ environment, answer }) => cancel((answer as { readonly id: string }).id, { environment }),
    }),
  ],
  invariant: wrongBooks,
};

/** What a subscriber has handled, its books say, once. */
function wrongBooks({ rows, ended }: RunState): string[] {
  return SUBSCRIBERS.flatMap(({ name }) => {
    const handled = ended.filter(({ subscriber, state }) => subscriber === name && state === 'handled').length;
    const sold = rows(Books)
      .filter(({ by }) => by === name)
      .reduce((sum, row) => sum + row.sold, 0);
    return handled === sold ? [] : [`${name} has handled ${handled} sales, and booked ${sold}`];
  });
}
