import { type Order, placeOrder } from '../../examples/commerce/place-order.ts';
import type { CountedDeployment } from './deployment.ts';
import { RELAY_BATCH } from './dollars.ts';

/** The write units of an order of the example shop: its producer's and those of all functions. */
export async function writeUnitsPerOrder(shop: CountedDeployment, orders: readonly Order[]): Promise<number> {
  const { producer: environment } = shop;
  const before = shop.meter().writeUnits;
  for (const [index, order] of orders.entries()) {
    await placeOrder(order, { environment });
    if ((index + 1) % RELAY_BATCH === 0) await shop.settle();
  }
  const noted = await shop.effects();
  if (noted !== orders.length) throw new Error(`Of ${orders.length} orders, ${noted} have a shipping note`);
  return (shop.meter().writeUnits - before) / orders.length;
}
