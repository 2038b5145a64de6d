import { audit, type Step, type Stopped } from '../../demo/audit.ts';
import {
  CountSales,
  NoteShipping,
  Orders,
  Payments,
  Reservations,
  ReserveStock,
  Sales,
  ShippingNotes,
  Stock,
  TakePayment,
} from '../../examples/commerce/contract.ts';
import { handler as countSales } from '../../examples/commerce/functions/count-sales.ts';
import { handler as noteShipping } from '../../examples/commerce/functions/note-shipping.ts';
import { handler as reserveStock } from '../../examples/commerce/functions/reserve-stock.ts';
import { handler as takePayment } from '../../examples/commerce/functions/take-payment.ts';
import type { Order } from '../../examples/commerce/place-order.ts';
import { placeOrder } from '../../examples/commerce/place-order.ts';
import type { RunState } from '../../lib/simulator/run/run-state.ts';
import type { RunStep, System } from '../../lib/simulator/system.ts';
import { startingWith } from '../../lib/simulator/system.ts';
import { profiles } from './profiles.ts';
import { reminders } from './reminders.ts';
import { transfers } from './transfers.ts';

/** The steps of an order. */
const STEPS = [TakePayment, ReserveStock, NoteShipping, CountSales];

/** Milliseconds for which the shop keeps a payment's key. */
const KEPT = 24 * 3_600_000;

/** Three articles, of which one is scarce and one sold out: some orders cannot be served. */
const STOCK = [
  { sku: 'gone', quantity: 0, initial: 0, version: 1 },
  { sku: 'rare', quantity: 3, initial: 3, version: 1 },
  { sku: 'usual', quantity: 100, initial: 100, version: 1 },
];

const ORDERS: readonly Order[] = [
  order('1', 'usual', 1, 599),
  order('2', 'usual', 2, 1_298),
  order('3', 'rare', 2, 3_998),
  order('4', 'rare', 2, 3_998),
  order('5', 'gone', 1, 599),
  order('6', 'usual', 5, 0),
];

/**
 * The example shop: its handlers as they are deployed, its producer, and its own audit of the books. Beside it, what the
 * shop itself does not have: an event in two versions, a payload that is too large, and messages that are sent in every
 * way there is.
 */
export const commerce: System = {
  subscribers: [...STEPS, ...profiles.subscribers, ...transfers.subscribers],
  handlers: {
    [TakePayment.name]: takePayment,
    [ReserveStock.name]: reserveStock,
    [NoteShipping.name]: noteShipping,
    [CountSales.name]: countSales,
    ...profiles.handlers,
    ...transfers.handlers,
  },
  previous: profiles.previous,
  successors: profiles.successors,
  streams: { 'order-stream': [CountSales, profiles.onStream] },
  checkBack: transfers.checkBack,
  tables: [startingWith(Stock, STOCK), ...transfers.tables],
  workload: [
    ...ORDERS.map(
      (one): RunStep =>
        (options) =>
          placeOrder(one, options),
    ),
    ...profiles.workload,
    ...reminders,
    ...transfers.workload,
  ],
  invariant: (state) => [
    ...auditBooks(state),
    ...needlessDeaths(state),
    ...profiles.invariant(state),
    ...transfers.invariant(state),
  ],
};

/** What the shop's books say is wrong, given what was committed and what was given up. */
function auditBooks(state: RunState): string[] {
  const books = {
    orders: state.rows(Orders),
    payments: state.rows(Payments),
    stock: state.rows(Stock),
    reservations: state.rows(Reservations),
    shippingNotes: state.rows(ShippingNotes),
    sales: state.rows(Sales),
  };
  const kept = new Set(books.orders.map(({ orderId }) => orderId));
  const { conserved, findings } = audit(
    ORDERS.filter(({ orderId }) => kept.has(orderId)),
    books,
    stoppedIn(state),
  );
  const words = findings.map(({ kind, step, orderIds, what }) => `${kind} at ${step}: ${orderIds.join(', ')} ${what}`);
  return conserved || words.length > 0 ? words : ['the sums of money, stock and notes do not add up'];
}

/** Orders that were refused though nothing was wrong with them. */
function needlessDeaths({ ended, rows }: RunState): string[] {
  const left = new Map(rows(Stock).map(({ sku, quantity }) => [sku, quantity]));
  return ended.flatMap(({ subscriber, state, payload, endedAt, reason = 'without a reason' }) => {
    if (state !== 'dead') return [];
    const { orderId, sku, quantity } = payload as Partial<Order>;
    // SQS gives up what crashes a hundred times, whatever it is.
    if (reason === 'receives-exhausted') return [];
    const isScarce = reason === 'condition-failed' && (left.get(sku ?? '') ?? 0) < (quantity ?? 0);
    if (subscriber === ReserveStock.name && isScarce) return [];
    // A payment is known by its key for a day. After that, the order's own state refuses it.
    const paidBefore = ended.some(
      (one) =>
        one.subscriber === TakePayment.name &&
        one.state === 'handled' &&
        (one.payload as Order).orderId === orderId &&
        one.endedAt < endedAt - KEPT,
    );
    if (subscriber === TakePayment.name && reason === 'condition-failed' && paidBefore) return [];
    return [`${orderId ?? 'a profile'} is dead at ${subscriber} (${reason}), and could have been handled`];
  });
}

/** The orders of which every message was given up at a subscriber. */
function stoppedIn({ ended }: RunState): Stopped {
  const stopped: Partial<Record<Step, Set<string>>> = {};
  for (const { subscriber, state, payload } of ended) {
    if (state !== 'dead' || !STEPS.some(({ name }) => name === subscriber)) continue;
    const { orderId } = payload as Order;
    const handled = ended.some(
      (one) => one.subscriber === subscriber && one.state === 'handled' && (one.payload as Order).orderId === orderId,
    );
    if (handled) continue;
    const orders = stopped[subscriber as Step] ?? new Set();
    stopped[subscriber as Step] = orders.add(orderId);
  }
  return stopped;
}

function order(orderId: string, sku: string, quantity: number, amountCents: number): Order {
  const placedAt = '2026-01-01T09:00:00Z';
  return { orderId, customerId: 'c', sku, quantity, amountCents, paymentSequence: 1, placedAt };
}
