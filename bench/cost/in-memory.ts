import type { generateOrders } from '../../demo/orders.ts';
import {
  CountSales,
  NoteShipping,
  ReserveStock,
  ShippingNotes,
  Stock,
  TakePayment,
} from '../../examples/commerce/contract.ts';
import { handler as countSales } from '../../examples/commerce/functions/count-sales.ts';
import { handler as noteShipping } from '../../examples/commerce/functions/note-shipping.ts';
import { handler as reserveStock } from '../../examples/commerce/functions/reserve-stock.ts';
import { handler as takePayment } from '../../examples/commerce/functions/take-payment.ts';
import type { AnyTable } from '../../lib/contract/table.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import type { MemoryStackOptions } from '../../lib/testing/stack/options.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import type { CountedDeployment } from './deployment.ts';
import { Notes, noting, type Scenario } from './scenario.ts';
import { WireMeter } from './wire-meter.ts';

const START = Date.parse('2026-11-23T08:00:00Z');
const PLENTY = 1_000_000;

/** A scenario in memory. One shard, so that the batches of the table's stream are whole. */
export async function scenarioInMemory(scenario: Scenario): Promise<CountedDeployment> {
  const { definitions: subscribers, handlers } = noting(scenario);
  const clock = new VirtualClock({ now: START, jumps: true });
  return counted({ subscribers, handlers, shards: 1, clock }, Notes).deployment;
}

/** The example shop in memory. */
export async function shopInMemory(orders: ReturnType<typeof generateOrders>): Promise<CountedDeployment> {
  const { stack, deployment } = counted(
    {
      subscribers: [TakePayment, ReserveStock, NoteShipping, CountSales],
      handlers: {
        [TakePayment.name]: takePayment,
        [ReserveStock.name]: reserveStock,
        [NoteShipping.name]: noteShipping,
        [CountSales.name]: countSales,
      },
      streams: { orders: [CountSales] },
      shards: 1,
    },
    ShippingNotes,
  );
  for (const sku of new Set(orders.map((order) => order.sku))) {
    stack.row(Stock, { sku, quantity: PLENTY, initial: PLENTY, version: 1 });
  }
  return deployment;
}

function counted(options: MemoryStackOptions, effects: AnyTable) {
  const meter = new WireMeter();
  const stack = new MemoryStack({ ...options, wire: meter.wire });
  const deployment: CountedDeployment = {
    producer: stack.environment(),
    observer: stack.environment(),
    ledger: stack.ledger.name,
    now: () => stack.now,
    meter: () => ({ ...meter }),
    settle: () => stack.settle(),
    effects: async () => stack.rows(effects).length,
    close: async () => undefined,
  };
  return { stack, deployment };
}
