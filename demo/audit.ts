import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type AnyTable, type TableItem, tableBinding } from 'waybill';
import { type Environment, transact } from 'waybill/runtime';
import { Stock } from '../examples/commerce/contract.ts';
import type { Order } from '../examples/commerce/place-order.ts';
import { TABLES } from './deployment.ts';

/** What the business tables hold of a run. */
export type Books = { readonly [Name in keyof typeof TABLES]: readonly TableItem<(typeof TABLES)[Name]>[] };
export type Step = 'take-payment' | 'reserve-stock' | 'note-shipping' | 'count-sales';
/** Orders whose message was dead-lettered at a subscriber, by its name: what comes after it is not to be expected. */
export type Stopped = Readonly<Partial<Record<Step, ReadonlySet<string>>>>;

/** A row that is not as the submitted orders say. */
export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'wrong';
  /** The subscriber whose effect it is, or `place-order`. */
  readonly step: string;
  /** The orders concerned: several where a row sums them up. */
  readonly orderIds: readonly string[];
  readonly what: string;
}

/** What the shop's own books say of a run. */
export interface Audit {
  /** Whether money, stock and shipping notes add up. */
  readonly conserved: boolean;
  readonly findings: readonly Finding[];
  /** The sums that were compared, each in words. */
  readonly sums: readonly string[];
}

/**
 * Compares what was submitted with what the business tables hold. It knows nothing of messages: whatever took effect
 * twice, or not at all, shows in these rows.
 */
export function audit(submitted: readonly Order[], books: Books, stopped: Stopped = {}): Audit {
  const reaching = (step: Step, orders: readonly Order[]) =>
    orders.filter(({ orderId }) => !stopped[step]?.has(orderId));
  const paid = reaching('take-payment', submitted);
  const reserved = reaching('reserve-stock', paid);
  const noted = reaching('note-shipping', reserved);
  const sold = reaching('count-sales', submitted);
  const findings = [
    ...auditOrders(submitted, new Set(paid), books),
    ...auditRows('take-payment', 'captures', ['amountCents', 'paymentSequence'], paid, books.payments),
    ...auditRows('reserve-stock', 'reservations', ['quantity', 'sku'], reserved, books.reservations),
    ...auditRows('note-shipping', 'copies', ['quantity', 'sku'], noted, books.shippingNotes),
    ...auditRows('count-sales', 'orders', ['quantity', 'amountCents'], sold, books.sales, bySale),
    ...auditStock(reserved, books),
  ];
  const [due, captured] = [sum(paid, 'amountCents'), sum(books.payments, 'amountCents')];
  const [turnover, counted] = [sum(sold, 'amountCents'), sum(books.sales, 'amountCents')];
  const [initial, left] = [sum(books.stock, 'initial'), sum(books.stock, 'quantity')];
  const [taken, written] = [sum(books.reservations, 'quantity'), sum(books.shippingNotes, 'copies')];
  const addsUp = due === captured && turnover === counted && initial - left === taken && noted.length === written;
  const dollars = (cents: number) => `$${(cents / 100).toFixed(2)}`;
  const sums = [
    `money: ${dollars(due)} ordered, ${dollars(captured)} paid, ${dollars(counted)} in the sales`,
    `stock: ${initial} pieces at first, ${left} left, ${taken} reserved`,
    `notes: ${noted.length} due, ${written} written`,
  ];
  return { conserved: addsUp && findings.length === 0, findings, sums };
}

function auditOrders(submitted: readonly Order[], paid: ReadonlySet<Order>, { orders }: Books): Finding[] {
  const rows = new Map(orders.map((row) => [row.orderId, row]));
  return submitted.flatMap((order): Finding[] => {
    const orderIds = [order.orderId];
    const status = rows.get(order.orderId)?.status;
    if (!status) return [{ kind: 'lost', step: 'place-order', orderIds, what: 'the order is not in the shop' }];
    if (status === (paid.has(order) ? 'PAID' : 'UNPAID')) return [];
    const kind = status === 'PAID' ? 'wrong' : 'lost';
    return [{ kind, step: 'take-payment', orderIds, what: `the order is ${status}` }];
  });
}

type Row = Readonly<Record<string, string | number>>;

/** What orders and rows are compared by. */
const byOrder = ({ orderId }: Row) => String(orderId);
const bySale = ({ sku, day, placedAt }: Row) => `${sku} ${day ?? String(placedAt).slice(0, 10)}`;

/**
 * Compares rows with the orders that should have made them.
 *
 * @param times the column that says how often an event has made the row
 * @param columns what rows hold as the orders do: numbers are summed up
 */
function auditRows(
  step: Step,
  times: string,
  columns: readonly string[],
  expected: readonly Order[],
  rows: readonly Row[],
  groupOf = byOrder,
): Finding[] {
  const ordersOf = Map.groupBy(expected, groupOf);
  const rowsOf = Map.groupBy(rows, groupOf);
  return [...new Set([...ordersOf.keys(), ...rowsOf.keys()])].flatMap((group): Finding[] => {
    const orders = ordersOf.get(group) ?? [];
    const found = rowsOf.get(group) ?? [];
    const effects = sum(found, times);
    const orderIds = orders.length > 0 ? orders.map(byOrder) : [group];
    const finding = (kind: Finding['kind'], what: string): Finding[] => [{ kind, step, orderIds, what }];
    if (orders.length === 0) return finding('wrong', 'it took effect without a cause');
    if (effects === 0) return finding('lost', 'it took no effect');
    if (effects !== orders.length) {
      const due = orders.length > 1 ? ` instead of ${orders.length}` : '';
      return finding(effects < orders.length ? 'lost' : 'doubled', `it took effect ${effects} times${due}`);
    }
    const contentOf = (some: readonly Row[], column: string) =>
      typeof some[0]?.[column] === 'number' ? sum(some, column) : some.map((row) => row[column]).join();
    const isRight = columns.every((column) => contentOf(found, column) === contentOf(orders, column));
    return isRight ? [] : finding('wrong', 'its row does not fit the order');
  });
}

/** Compares what is gone of each article with what was reserved of it. */
function auditStock(reserved: readonly Order[], { stock }: Books): Finding[] {
  const ordersOf = Map.groupBy(reserved, (order) => order.sku);
  return stock.flatMap(({ sku, initial, quantity }): Finding[] => {
    const orders = ordersOf.get(sku) ?? [];
    const [gone, due] = [initial - quantity, sum(orders, 'quantity')];
    const what = `${gone} pieces of ${sku} are gone, ${due} are due`;
    return gone === due ? [] : [{ kind: 'wrong', step: 'reserve-stock', orderIds: orders.map(byOrder), what }];
  });
}

function sum(rows: readonly Row[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column]), 0);
}

/** Compares the business tables with the orders of a run. It does not look into the ledger. */
export async function auditRun(run: string, submitted: readonly Order[], stopped: Stopped, environment: Environment) {
  const books = Object.entries(TABLES).map(async ([name, table]) => [name, await rowsOfRun(run, table, environment)]);
  return audit(submitted, Object.fromEntries(await Promise.all(books)), stopped);
}

/** The partition keys of all tables, order ids and articles, begin with the run's name. */
async function rowsOfRun(run: string, table: AnyTable, { dynamodb, variables }: Environment): Promise<object[]> {
  const rows: object[] = [];
  let start: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const page: ScanCommandOutput = await dynamodb.send(
      new ScanCommand({
        ...{ TableName: variables[tableBinding(table.name)], ConsistentRead: true, ExclusiveStartKey: start },
        FilterExpression: 'begins_with(#key, :run)',
        ExpressionAttributeNames: { '#key': table.partitionKey },
        ExpressionAttributeValues: { ':run': { S: `${run}.` } },
      }),
    );
    rows.push(...(page.Items ?? []).map((item) => unmarshall(item)));
    start = page.LastEvaluatedKey;
  } while (start);
  return rows;
}

/** Pieces of each article that are left when every order of a run is served. */
const SPARE = 3;
/** Rows written at once: a transaction of DynamoDB takes 100. */
const ROWS = 90;

/**
 * Puts enough goods into the shop to serve the orders.
 *
 * @throws ConditionFailed when the shop has one of their articles already
 */
export async function stockUpFor(orders: readonly Order[], options: { readonly environment: Environment }) {
  const demand = [...demandOf(orders)];
  for (let start = 0; start < demand.length; start += ROWS) {
    await transact((tx) => {
      for (const [sku, due] of demand.slice(start, start + ROWS)) {
        const quantity = due + SPARE;
        tx.put(Stock, { sku, quantity, initial: quantity, version: 1 }, { when: 'absent', otherwise: 'duplicate' });
      }
    }, options);
  }
}

/** How much of each article the orders take. */
export function demandOf(orders: readonly Order[]): Map<string, number> {
  return new Map([...Map.groupBy(orders, ({ sku }) => sku)].map(([sku, some]) => [sku, sum(some, 'quantity')]));
}
