import type { TableItem } from 'waybill';
import type { Orders, Payments, Reservations, Sales, ShippingNotes, Stock } from './contract.ts';
import type { Order } from './order.ts';

/** What the business tables hold of a run. */
export interface Books {
  readonly orders: readonly TableItem<typeof Orders>[];
  readonly payments: readonly TableItem<typeof Payments>[];
  readonly stock: readonly TableItem<typeof Stock>[];
  readonly reservations: readonly TableItem<typeof Reservations>[];
  readonly shippingNotes: readonly TableItem<typeof ShippingNotes>[];
  readonly sales: readonly TableItem<typeof Sales>[];
}

/** Orders whose message was dead-lettered at a subscriber, by its name: what comes after it is not to be expected. */
export type Stopped = Readonly<Partial<Record<Step, ReadonlySet<string>>>>;
export type Step = 'take-payment' | 'reserve-stock' | 'note-shipping' | 'count-sales';

/** A row that is not as the submitted orders say. */
export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'wrong';
  readonly step: Step | 'place-order';
  /** The orders concerned: several where a row sums them up. */
  readonly orderIds: readonly string[];
  readonly what: string;
}

export interface Audit {
  /** Whether money, stock and shipping notes add up. */
  readonly conserved: boolean;
  readonly findings: readonly Finding[];
  readonly totals: Totals;
}

/** The sums by which the books are compared: money in cents, goods in pieces. */
export interface Totals {
  readonly money: { readonly ordered: number; readonly paid: number; readonly sold: number };
  readonly stock: { readonly initial: number; readonly left: number; readonly reserved: number };
  readonly notes: { readonly due: number; readonly written: number };
}

/**
 * Compares what was submitted with what the business tables hold. It knows nothing of messages: whatever took effect
 * twice, or not at all, shows in these rows.
 */
export function audit(submitted: readonly Order[], books: Books, stopped: Stopped = {}): Audit {
  const paid = submitted.filter(({ orderId }) => !stopped['take-payment']?.has(orderId));
  const reserved = paid.filter(({ orderId }) => !stopped['reserve-stock']?.has(orderId));
  const noted = reserved.filter(({ orderId }) => !stopped['note-shipping']?.has(orderId));
  const sold = submitted.filter(({ orderId }) => !stopped['count-sales']?.has(orderId));
  const findings = [
    ...auditOrders(submitted, new Set(ids(paid)), books),
    ...auditRows('take-payment', paid, books.payments, {
      times: (row) => row.captures,
      isRight: (row, order) =>
        row.amountCents === order.amountCents * row.captures && row.paymentSequence === order.paymentSequence,
    }),
    ...auditRows('reserve-stock', reserved, books.reservations, {
      times: (row) => row.reservations,
      isRight: (row, order) => row.quantity === order.quantity * row.reservations && row.sku === order.sku,
    }),
    ...auditRows('note-shipping', noted, books.shippingNotes, {
      times: (row) => row.copies,
      isRight: (row, order) => row.quantity === order.quantity && row.sku === order.sku,
    }),
    ...auditSales(sold, books),
    ...auditStock(reserved, books),
  ];
  const totals: Totals = {
    money: {
      ordered: sum(paid, (order) => order.amountCents),
      paid: sum(books.payments, (row) => row.amountCents),
      sold: sum(books.sales, (row) => row.amountCents),
    },
    stock: {
      initial: sum(books.stock, (row) => row.initial),
      left: sum(books.stock, (row) => row.quantity),
      reserved: sum(books.reservations, (row) => row.quantity),
    },
    notes: { due: noted.length, written: sum(books.shippingNotes, (row) => row.copies) },
  };
  return { conserved: addsUp(totals, sold) && findings.length === 0, findings, totals };
}

function addsUp({ money, stock, notes }: Totals, sold: readonly Order[]): boolean {
  return (
    money.ordered === money.paid &&
    money.sold === sum(sold, (order) => order.amountCents) &&
    stock.initial - stock.left === stock.reserved &&
    notes.due === notes.written
  );
}

function auditOrders(submitted: readonly Order[], paid: ReadonlySet<string>, { orders }: Books): Finding[] {
  const rows = new Map(orders.map((row) => [row.orderId, row]));
  return submitted.flatMap(({ orderId }): Finding[] => {
    const status = rows.get(orderId)?.status;
    if (!status)
      return [{ kind: 'lost', step: 'place-order', orderIds: [orderId], what: 'the order is not in the shop' }];
    if (status === (paid.has(orderId) ? 'PAID' : 'UNPAID')) return [];
    const kind = status === 'PAID' ? 'wrong' : 'lost';
    return [{ kind, step: 'take-payment', orderIds: [orderId], what: `the order is ${status}` }];
  });
}

/** Compares rows that are there once for each order. */
function auditRows<Row extends { readonly orderId: string }>(
  step: Step,
  expected: readonly Order[],
  rows: readonly Row[],
  { times, isRight }: { times: (row: Row) => number; isRight: (row: Row, order: Order) => boolean },
): Finding[] {
  const rowsOf = Map.groupBy(rows, (row) => row.orderId);
  const findings = expected.flatMap((order): Finding[] => {
    const { orderId } = order;
    const found = rowsOf.get(orderId) ?? [];
    rowsOf.delete(orderId);
    const effects = sum(found, times);
    const finding = (kind: Finding['kind'], what: string): Finding[] => [{ kind, step, orderIds: [orderId], what }];
    if (effects === 0) return finding('lost', 'it took no effect');
    if (effects > 1) return finding('doubled', `it took effect ${effects} times`);
    return found.every((row) => isRight(row, order)) ? [] : finding('wrong', 'its row does not fit the order');
  });
  const uncaused = [...rowsOf.keys()].map(
    (orderId): Finding => ({ kind: 'wrong', step, orderIds: [orderId], what: 'it took effect without a cause' }),
  );
  return [...findings, ...uncaused];
}

/** Compares what was sold of each article on each day. */
function auditSales(sold: readonly Order[], { sales }: Books): Finding[] {
  const ordersOf = Map.groupBy(sold, (order) => `${order.sku} ${order.placedAt.slice(0, 10)}`);
  const rows = new Map(sales.map((row) => [`${row.sku} ${row.day}`, row]));
  return [...new Set([...ordersOf.keys(), ...rows.keys()])].flatMap((group): Finding[] => {
    const orders = ordersOf.get(group) ?? [];
    const row = rows.get(group);
    const counted = row?.orders ?? 0;
    const finding = (kind: Finding['kind'], what: string): Finding[] => [
      { kind, step: 'count-sales', orderIds: ids(orders), what },
    ];
    if (counted < orders.length) return finding('lost', `${counted} of ${orders.length} are counted`);
    if (counted > orders.length)
      return finding(orders.length > 0 ? 'doubled' : 'wrong', `${counted} instead of ${orders.length} are counted`);
    const isRight =
      row?.quantity === sum(orders, (order) => order.quantity) &&
      row.amountCents === sum(orders, (order) => order.amountCents);
    return isRight ? [] : finding('wrong', 'the day has the wrong sums');
  });
}

/** Compares what is gone of each article with what was reserved of it. */
function auditStock(reserved: readonly Order[], { stock }: Books): Finding[] {
  const ordersOf = Map.groupBy(reserved, (order) => order.sku);
  return stock.flatMap(({ sku, initial, quantity }): Finding[] => {
    const orders = ordersOf.get(sku) ?? [];
    const gone = initial - quantity;
    const due = sum(orders, (order) => order.quantity);
    if (gone === due) return [];
    return [
      {
        kind: 'wrong',
        step: 'reserve-stock',
        orderIds: ids(orders),
        what: `${gone} pieces of ${sku} are gone, ${due} are due`,
      },
    ];
  });
}

function ids(orders: readonly Order[]): string[] {
  return orders.map(({ orderId }) => orderId);
}

function sum<Value>(values: readonly Value[], of: (value: Value) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
