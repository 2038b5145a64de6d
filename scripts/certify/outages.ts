import { ConditionFailed, defineEvent, defineSubscriber, defineTable, Rejected } from 'waybill';
import { consume, transact } from 'waybill/runtime';
import { type RunStep, type System, TestService } from 'waybill/testing';
import * as z from 'zod/mini';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), kind: z.enum(['plain', 'poison', 'unlisted']) }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const Catalog = defineTable('catalog', {
  item: z.object({ kind: z.string(), listed: z.boolean() }),
  partitionKey: 'kind',
});
const Charges = defineTable('charges', {
  item: z.object({ orderId: z.string(), by: z.string() }),
  partitionKey: 'orderId',
  sortKey: 'by',
});
const retry = { attempts: 6, longest: '1m' } as const;
const Charge = defineSubscriber('charge', { consumes: [OrderPlaced], tables: [Catalog, Charges], retry });
const Ship = defineSubscriber('ship', { consumes: [OrderPlaced], tables: [Catalog, Charges], retry });

type Order = { readonly orderId: string; readonly kind: string };
const bank = new TestService('bank', { does: (_: Order, count) => ({ id: `charge-${count}` }), keepsKeys: true });
const carrier = new TestService('carrier', { does: (_: Order, count) => ({ id: `parcel-${count}` }), keepsKeys: true });

const charge = consume(Charge, async (order, { tx }) => {
  await bank.request(order.orderId, order);
  if (order.kind === 'poison') throw new Error('the order cannot be charged');
  if (order.kind === 'unlisted' && !(await tx.get(Catalog, { kind: order.kind }))) throw new Rejected('not listed');
  tx.put(Charges, { orderId: order.orderId, by: 'charge' });
});

const ship = consume(Ship, async (order, { tx }) => {
  await carrier.request(order.orderId, order);
  tx.put(Charges, { orderId: order.orderId, by: 'ship' });
});

type Asked = Parameters<RunStep>[0];

/** Places orders in one transaction. Each has a number of its own. */
async function place({ environment }: Asked, count: number, kind: 'plain' | 'unlisted'): Promise<readonly string[]> {
  const orders = Array.from({ length: count }, () => Buffer.from(environment.random(6)).toString('hex'));
  const { ids } = await transact(
    (tx) => {
      for (const orderId of orders) tx.publish(OrderPlaced, { orderId, kind });
    },
    { environment },
  );
  return ids;
}

/** The only order that can never be charged: more of them would be an outage. */
async function placePoison({ environment }: Asked): Promise<readonly string[]> {
  try {
    const { ids } = await transact(
      (tx) => {
        tx.put(Catalog, { kind: 'poison', listed: false }, { when: 'absent', otherwise: 'duplicate' });
        tx.publish(OrderPlaced, { orderId: 'poison', kind: 'poison' });
      },
      { environment },
    );
    return ids;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return [];
  }
}

/** A business whose handlers ask services that fail now and then: with breakers, pauses and redrives. */
export const outages: System = {
  subscribers: [Charge, Ship],
  handlers: { charge, ship },
  streams: { parcels: [Ship] },
  services: [bank, carrier],
  breakers: {
    charge: { failures: 3, open: 40_000, probes: 2 },
    ship: { failures: 3, open: 40_000, probes: 2 },
  },
  workload: [
    (asked) => place(asked, 1, 'plain'),
    (asked) => place(asked, 6, 'plain'),
    placePoison,
    {
      run: (asked) => place(asked, 4, 'unlisted'),
      // What was rejected until then is to be redriven.
      later: {
        after: '3s',
        run: ({ environment }) =>
          transact((tx) => tx.put(Catalog, { kind: 'unlisted', listed: true }), { environment }),
      },
    },
  ],
  bound: '2h',
};
