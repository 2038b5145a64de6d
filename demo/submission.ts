import { setTimeout as sleep } from 'node:timers/promises';
import { CommitUndecided } from 'waybill';
import { OrderPlaced } from '../examples/commerce/contract.ts';
import type { Order } from '../examples/commerce/place-order.ts';
import { concurrently } from '../lib/aws/concurrently.ts';
import type { Poison } from './poison.ts';
import type { MessageTracker } from './tracker.ts';

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
/** Between two looks whether there is room for the next order. */
const PAUSE_MS = 50;

export interface Submission {
  /** In turn; an order may be among them twice. */
  readonly orders: readonly Order[];
  readonly placeOrder: (order: Order) => Promise<string>;
  /** Put on the wire between the orders, as much of it as of them. */
  readonly poison: readonly Poison[];
  readonly putOnWire: (poison: Poison) => Promise<void>;
  /** Follows what is committed. */
  readonly tracker: Pick<MessageTracker, 'follow' | 'pending'>;
  /** Told of an order of which it was not known whether the shop kept it. */
  readonly undecided: (order: Order) => void;
  /** Ends the submission before its time. */
  readonly signal: AbortSignal;
}

/**
 * Submits orders through the shop's own service. An order whose outcome stays unknown is not followed.
 *
 * @returns the ids of the messages, as far as they are known
 * @throws whatever the service throws but CommitUndecided
 */
export async function submitOrders(submission: Submission): Promise<string[]> {
  const { orders, poison, putOnWire, tracker, signal } = submission;
  let [submitted, poisoned] = [0, 0];
  const ids = await concurrently(AT_ONCE, orders, async (order) => {
    while (tracker.pending > ON_THEIR_WAY && !signal.aborted) await sleep(PAUSE_MS);
    const id = signal.aborted ? undefined : await submit(submission, order);
    if (id) tracker.follow({ id, type: OrderPlaced.type, orderId: order.orderId });
    submitted += 1;
    const due = poison.slice(poisoned, Math.floor((poison.length * submitted) / orders.length));
    poisoned += due.length;
    if (!signal.aborted) for (const one of due) await putOnWire(one);
    return id;
  });
  return ids.filter((id) => id !== undefined);
}

async function submit({ placeOrder, undecided }: Submission, order: Order): Promise<string | undefined> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      return await placeOrder(order);
    } catch (error) {
      if (!(error instanceof CommitUndecided)) throw error;
      undecided(order);
    }
  }
  return undefined;
}

/** The orders in turn, with an even share of them twice. */
export function inTurn<Item>(orders: readonly Item[], again: number): Item[] {
  const turns = orders.map((order, turn) => ({ order, turn }));
  const second = turns.filter(({ turn }) => Math.round((turn + 1) * again) > Math.round(turn * again));
  const later = second.map(({ order, turn }) => ({ order, turn: turn + LATER + 0.5 }));
  return [...turns, ...later].sort((one, other) => one.turn - other.turn).map(({ order }) => order);
}
