import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume, transact } from 'waybill/runtime';
import type { RunStep, System } from 'waybill/testing';
import * as z from 'zod/mini';

const Ordered = defineEvent('sale.ordered', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'sale',
});
const Deliveries = defineTable('deliveries', {
  item: z.object({ orderId: z.string() }),
  partitionKey: 'orderId',
});
const Deliver = defineSubscriber('deliver', { consumes: [Ordered], tables: [Deliveries] });

const deliver = consume(Deliver, ({ orderId }, { tx }) => {
  tx.put(Deliveries, { orderId });
});

/** Takes orders in one transaction. Each has a number of its own. */
async function take({ environment }: Parameters<RunStep>[0], count: number): Promise<readonly string[]> {
  const orders = Array.from({ length: count }, () => Buffer.from(environment.random(6)).toString('hex'));
  const { ids } = await transact(
    (tx) => {
      for (const orderId of orders) tx.publish(Ordered, { orderId });
    },
    { environment },
  );
  return ids;
}

/** A business to which more comes at times than is delivered: its subscriber scales. */
export const sale: System = {
  subscribers: [Deliver],
  handlers: { deliver },
  scales: { deliver: { doubleAbove: 3, halveBelow: 2, max: 8 } },
  workload: [(asked) => take(asked, 1), (asked) => take(asked, 6)],
  bound: '2h',
};
