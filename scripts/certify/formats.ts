import { z } from 'zod';
import type { Environment } from '../../lib/aws/environment.ts';
import { consume } from '../../lib/consume/consume.ts';
import type { Delay } from '../../lib/contract/delay.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { learnFormat } from '../../lib/ledger/format.ts';
import { ledgerOf, putRow } from '../../lib/ledger/ledger.ts';
import { FORMAT_KEY, FORMATS } from '../../lib/ledger/rows/format.ts';
import { publish } from '../../lib/publish/publish.ts';
import { send } from '../../lib/publish/send.ts';
import type { System, WorkloadStep } from '../../lib/simulator/system.ts';

const lines = z.array(z.object({ sku: z.string(), quantity: z.int() }));
const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), lines }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const OrderKept = defineEvent('order.kept', {
  schema: z.object({ orderId: z.string(), lines }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const Totals = defineTable('totals', {
  item: z.object({ id: z.string(), orders: z.int(), quantity: z.int() }),
  partitionKey: 'id',
});
const KeepOrder = defineSubscriber('keep-order', { consumes: [OrderPlaced], publishes: [OrderKept], tables: [Totals] });
const CountOrder = defineSubscriber('count-order', { consumes: [OrderPlaced], tables: [Totals] });
const ReportOrder = defineSubscriber('report-order', { consumes: [OrderKept], tables: [Totals] });

const quantityOf = (of: z.infer<typeof lines>) => of.reduce((sum, { quantity }) => sum + quantity, 0);
/** So many that a row takes several units, and its payload compressed one. */
const MANY = Array.from({ length: 120 }, (_, line) => ({ sku: `sku-${line % 5}`, quantity: 1 + (line % 3) }));
const FEW = [{ sku: 'sku-1', quantity: 2 }];

/** Why a message dies that could not be read. */
const UNREADABLE: ReadonlySet<string> = new Set(['malformed-message', 'invalid-payload', 'unknown-encoding']);

let orders = 0;
/** As a process that has just started does: it asks for the format before it writes. */
async function informed(environment: Environment): Promise<Environment> {
  await learnFormat(ledgerOf(environment));
  return environment;
}

function placing(of: z.infer<typeof lines>, delay: Delay = {}): WorkloadStep {
  const run = async ({ environment }: { readonly environment: Environment }) => {
    orders += 1;
    const order = { orderId: `order-${orders % 7}`, lines: of };
    return publish(OrderPlaced, order, { environment: await informed(environment), ...delay });
  };
  const mode = 'delay' in delay ? (delay.delay === '2h' ? 'wait' : 'delay') : undefined;
  return { run, publishes: OrderPlaced, ...(mode && { sends: [mode] }) };
}

function turning(format: number): WorkloadStep {
  return async ({ environment }) => {
    await putRow(ledgerOf(environment), { ...FORMAT_KEY, format, since: environment.now() });
  };
}

/** The places of the steps that turn the format, in the workload. */
export const TURNS: readonly number[] = [5, 6, 7];

/**
 * A shop whose ledger's format is turned on and off while orders are on their way, and whose functions are rolled back to
 * code that knows no format but the first.
 */
export const changingFormats: System = {
  subscribers: [KeepOrder, CountOrder, ReportOrder],
  streams: { orders: [CountOrder] },
  handlers: {
    'keep-order': consume(KeepOrder, ({ orderId, lines: kept }, { tx }) => {
      tx.update(Totals, { id: 'kept' }, { create: true, add: { orders: 1, quantity: quantityOf(kept) } });
      tx.publish(OrderKept, { orderId, lines: kept });
    }),
    'count-order': consume(CountOrder, ({ lines: counted }, { tx }) => {
      tx.update(Totals, { id: 'counted' }, { create: true, add: { orders: 1, quantity: quantityOf(counted) } });
    }),
    'report-order': consume(ReportOrder, ({ lines: reported }, { tx }) => {
      tx.update(Totals, { id: 'reported' }, { create: true, add: { orders: 1, quantity: quantityOf(reported) } });
    }),
  },
  workload: [
    placing(MANY),
    placing(FEW),
    placing(MANY, { delay: '2m' }),
    placing(MANY, { delay: '2h' }),
    {
      publishes: OrderPlaced,
      sends: ['handshake'],
      run: async ({ environment }) =>
        send(OrderPlaced, { orderId: 'sent', lines: MANY }, { environment: await informed(environment) }),
    },
    turning(FORMATS.compressed),
    turning(FORMATS.packed),
    turning(FORMATS.plain),
  ],
  formerFormat: FORMATS.plain,
  bound: '6h',
  invariant: ({ ended }) =>
    ended
      .filter(({ state, reason }) => state === 'dead' && UNREADABLE.has(reason ?? ''))
      .map(({ id, subscriber }) => `${id} is dead at ${subscriber}, for what it could not read`),
};
