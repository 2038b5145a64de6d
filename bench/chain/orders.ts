import { generateOrders, readOrders } from '../../demo/orders.ts';
import type { Order } from '../../examples/commerce/place-order.ts';

/** The orders of a file, or made up, the same ones each time. */
export async function benchmarkOrders(file: string | undefined, count: number): Promise<readonly Order[]> {
  return file === undefined ? generateOrders(count, 1) : (await readOrders(file)).orders.slice(0, count);
}
