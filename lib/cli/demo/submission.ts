import { CommitUndecided } from '../../contract/index.ts';
import { concurrently } from '../../runtime/concurrently.ts';
import type { Environment } from '../../runtime/index.ts';
import type { Shop, ShopOrder } from './shop.ts';

/** Orders that are submitted at once. */
const AT_ONCE = 16;
/** How many submissions later an order is submitted a second time. */
const LATER = 20;
/** How often an order whose outcome is unknown is submitted, before it is left unknown. */
const TRIES = 3;

/**
 * Submits orders through the shop's own service.
 *
 * @returns the orders of which it is not known whether they were kept
 * @throws whatever the service throws for any other reason
 */
export async function submitOrders(
  shop: Shop,
  orders: readonly ShopOrder[],
  environment: Environment,
  onCommitted: (order: ShopOrder, id: string) => void,
): Promise<ShopOrder[]> {
  const unknown: ShopOrder[] = [];
  await concurrently(AT_ONCE, orders, async (order) => {
    const id = await submit(shop, order, environment);
    if (id) onCommitted(order, id);
    else unknown.push(order);
  });
  return unknown;
}

/** The orders in turn, with an even share of them twice. */
export function inTurn<Order>(orders: readonly Order[], again: number): Order[] {
  const turns = orders.map((order, index) => ({ order, turn: index }));
  const second = turns.filter(({ turn }) => Math.round((turn + 1) * again) > Math.round(turn * again));
  return [...turns, ...second.map(({ order, turn }) => ({ order, turn: turn + LATER + 0.5 }))]
    .sort((one, other) => one.turn - other.turn)
    .map(({ order }) => order);
}

async function submit(shop: Shop, order: ShopOrder, environment: Environment): Promise<string | undefined> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      return await shop.placeOrder(order, { environment });
    } catch (error) {
      if (!(error instanceof CommitUndecided)) throw error;
    }
  }
  return undefined;
}
