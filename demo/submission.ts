import { CommitUndecided } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { concurrently } from '../lib/aws/concurrently.ts';
import type { MessageTracker } from './message-tracker.ts';
import type { Poison } from './poison.ts';
import type { Shop, ShopOrder } from './shop.ts';
import type { Wire } from './wire.ts';

/** Orders that are submitted at once. */
const AT_ONCE = 16;
/** How many submissions later an order is submitted a second time. */
const LATER = 20;
/** How often an order whose outcome is unknown is submitted, before it is left unknown. */
const TRIES = 3;
/**
 * Ends that are outstanding at most before the next order is submitted. Otherwise the shop would be given all orders at
 * once, and every latency would be that of the backlog.
 */
const ON_THEIR_WAY = 150;
/** Milliseconds between two looks whether there is room for the next order. */
const PAUSE = 50;

export interface Submission {
  readonly shop: Pick<Shop, 'placeOrder' | 'ORDER_TYPE'>;
  /** In turn; an order may be among them twice. */
  readonly orders: readonly ShopOrder[];
  /** Put on the wire between the orders, as much of it as of them. */
  readonly poison: readonly Poison[];
  readonly wire: Pick<Wire, 'add'>;
  /** Follows what is committed. */
  readonly tracker: Pick<MessageTracker, 'follow' | 'pending'>;
  /** The producer's. */
  readonly environment: Environment;
  /** Ends the submission before its time. */
  readonly signal: AbortSignal;
}

/**
 * Submits orders through the shop's own service. An order whose outcome stays unknown is not followed.
 *
 * @throws whatever the service throws but CommitUndecided
 */
export async function submitOrders(submission: Submission): Promise<void> {
  const { shop, orders, poison, wire, tracker, environment, signal } = submission;
  let submitted = 0;
  let poisoned = 0;
  const addPoison = (due: number) => {
    for (const { subscriber, bytes } of poison.slice(poisoned, due)) wire.add(subscriber, bytes);
    poisoned = Math.max(poisoned, due);
  };
  await concurrently(AT_ONCE, orders, async (order) => {
    while (tracker.pending > ON_THEIR_WAY && !signal.aborted) await new Promise((done) => setTimeout(done, PAUSE));
    if (signal.aborted) return;
    const id = await submit(shop, order, environment);
    if (id) tracker.follow({ id, type: shop.ORDER_TYPE, orderId: order.orderId });
    submitted += 1;
    addPoison(Math.floor((poison.length * submitted) / orders.length));
  });
}

/** The orders in turn, with an even share of them twice. */
export function inTurn<Order>(orders: readonly Order[], again: number): Order[] {
  const turns = orders.map((order, index) => ({ order, turn: index }));
  const second = turns.filter(({ turn }) => Math.round((turn + 1) * again) > Math.round(turn * again));
  return [...turns, ...second.map(({ order, turn }) => ({ order, turn: turn + LATER + 0.5 }))]
    .sort((one, other) => one.turn - other.turn)
    .map(({ order }) => order);
}

async function submit(
  shop: Submission['shop'],
  order: ShopOrder,
  environment: Environment,
): Promise<string | undefined> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      return await shop.placeOrder(order, { environment });
    } catch (error) {
      if (!(error instanceof CommitUndecided)) throw error;
    }
  }
  return undefined;
}
