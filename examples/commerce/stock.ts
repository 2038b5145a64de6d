import { type Environment, transact } from 'waybill/runtime';
import { Stock } from './contract.ts';
import type { Order } from './order.ts';

/** Rows written at once: a transaction of DynamoDB takes 100. */
const ROWS = 90;

/** How much of each article the orders take. */
export function demandOf(orders: readonly Order[]): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { sku, quantity } of orders) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

/**
 * Puts new articles into the shop.
 *
 * @throws ConditionFailed when the shop has one of them already
 */
export async function stockUp(
  quantities: ReadonlyMap<string, number>,
  options: { readonly environment?: Environment } = {},
): Promise<void> {
  const articles = [...quantities];
  for (let start = 0; start < articles.length; start += ROWS) {
    await transact((tx) => {
      for (const [sku, quantity] of articles.slice(start, start + ROWS)) {
        tx.put(Stock, { sku, quantity, initial: quantity, version: 1 }, { when: 'absent', otherwise: 'duplicate' });
      }
    }, options);
  }
}
