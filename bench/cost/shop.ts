import { generateOrders } from '../../demo/orders.ts';
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
import { placeOrder } from '../../examples/commerce/place-order.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { RELAY_BATCH } from './dollars.ts';
import { WireMeter } from './wire-meter.ts';

const ORDERS = 10 * RELAY_BATCH;
const PLENTY = 1_000_000;

/** The write units of an order of the example shop: its producer's and those of all functions. */
export async function writeUnitsPerOrder(): Promise<number> {
  const meter = new WireMeter();
  const stack = new MemoryStack({
    subscribers: [TakePayment, ReserveStock, NoteShipping, CountSales],
    handlers: {
      [TakePayment.name]: takePayment,
      [ReserveStock.name]: reserveStock,
      [NoteShipping.name]: noteShipping,
      [CountSales.name]: countSales,
    },
    streams: { orders: [CountSales] },
    shards: 1,
    wire: meter.wire,
  });
  const orders = generateOrders(ORDERS, 1);
  for (const sku of new Set(orders.map((order) => order.sku))) {
    stack.row(Stock, { sku, quantity: PLENTY, initial: PLENTY, version: 1 });
  }
  const environment = stack.environment();
  for (const [index, order] of orders.entries()) {
    await placeOrder(order, { environment });
    if ((index + 1) % RELAY_BATCH === 0) await stack.settle();
  }
  const noted = stack.rows(ShippingNotes).length;
  if (noted !== ORDERS) throw new Error(`Of ${ORDERS} orders, ${noted} have a shipping note`);
  return meter.writeUnits / ORDERS;
}
