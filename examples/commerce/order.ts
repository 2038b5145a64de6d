import { hash } from 'node:crypto';
import type { EventInput } from 'waybill';
import type { OrderPlaced } from './contract.ts';

/** An order as the shop submits it. */
export type Order = EventInput<typeof OrderPlaced>;

/** Articles in the shop's catalogue. */
const CATALOGUE = 250;

/** The article of an order that does not name one: the same for the same order, whoever asks. */
export function articleOf(orderId: string): string {
  const number = Number.parseInt(hash('sha256', orderId).slice(0, 8), 16) % CATALOGUE;
  return `album-${String(number + 1).padStart(3, '0')}`;
}

/**
 * The orders as those of one run: order ids and articles carry the run's name, so that several runs in one shop neither
 * sell each other's stock nor count each other's sales.
 */
export function ordersOfRun(run: string, orders: readonly Order[]): Order[] {
  return orders.map((order) => ({ ...order, orderId: `${run}.${order.orderId}`, sku: `${run}.${order.sku}` }));
}
