import { hash } from 'node:crypto';
import type { Order } from '../examples/commerce/place-order.ts';

/** The first day of the generated orders, and over how many days they are spread. */
const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAYS = 120;
const DAY = 86_400_000;
/** Articles in the shop's catalogue. */
const CATALOGUE = 250;

/**
 * Makes orders: the same ones for the same count and seed. As in a real shop, a customer may buy twice a day, most orders
 * are of one or two pieces, and now and then something is given away.
 */
export function generateOrders(count: number, seed: number): Order[] {
  const chance = chanceFrom(seed);
  const customers = Math.max(1, Math.ceil(count / 3));
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(6, '0');
    const customer = 1 + Math.floor(chance() * customers);
    const quantity = 1 + Math.floor(chance() ** 3 * 8);
    const price = chance() < 0.01 ? 0 : 599 + 100 * Math.floor(chance() * 15);
    const placedAt = FIRST_DAY + Math.floor(chance() * DAYS) * DAY + Math.floor(chance() * DAY);
    return {
      orderId: number,
      customerId: String(customer).padStart(5, '0'),
      sku: articleOf(`${seed}-${number}`),
      quantity,
      amountCents: quantity * price,
      paymentSequence: 1,
      placedAt: new Date(placedAt).toISOString(),
    };
  });
}

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

/** Numbers from 0 to 1 that follow from the seed alone (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
