import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import type { Order } from '../examples/commerce/place-order.ts';

/** The first day of the generated orders, and over how many days they are spread. */
const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAYS = 120;
const DAY_MS = 86_400_000;
/** Articles in the shop's catalogue. */
const CATALOGUE = 250;

/**
 * Makes orders: the same ones for the same count and seed. As in a real shop, a customer may buy twice a day, most orders
 * are of one or two pieces, and now and then something is given away.
 */
export function generateOrders(count: number, seed: number): Order[] {
  return Array.from({ length: count }, (_, index) => {
    const orderId = String(index + 1).padStart(6, '0');
    /** Numbers from 0 to 1 that follow from seed and order alone. */
    const chance = (what: string) => numberOf(`${seed} ${orderId} ${what}`) / 2 ** 32;
    const quantity = 1 + Math.floor(chance('quantity') ** 3 * 8);
    const price = chance('gift') < 0.01 ? 0 : 599 + 100 * Math.floor(chance('price') * 15);
    return {
      ...{ orderId, sku: articleOf(`${seed}-${orderId}`), quantity, amountCents: quantity * price, paymentSequence: 1 },
      customerId: String(1 + Math.floor((chance('customer') * count) / 3)).padStart(5, '0'),
      placedAt: new Date(FIRST_DAY + Math.floor(chance('moment') * DAYS * DAY_MS)).toISOString(),
    };
  });
}

/**
 * The orders as those of one run: order ids and articles carry the run's name, so that several runs in one shop neither
 * sell each other's stock nor count each other's sales.
 */
export function ordersOfRun(run: string, orders: readonly Order[]): Order[] {
  return orders.map((order) => ({ ...order, orderId: `${run}.${order.orderId}`, sku: `${run}.${order.sku}` }));
}

/** The article of an order that does not name one: the same for the same order, whoever asks. */
function articleOf(orderId: string): string {
  return `album-${String((numberOf(orderId) % CATALOGUE) + 1).padStart(3, '0')}`;
}

function numberOf(text: string): number {
  return Number.parseInt(hash('sha256', text).slice(0, 8), 16);
}

/** A line of a file that is no order, counted from the header's, which is 1. */
export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

/** The file cannot be read as orders at all, or has a bad line and the reader was told to stop there. */
export class UnreadableOrders extends Error {
  readonly code = 'unreadable-orders';
  override readonly name = 'UnreadableOrders';
}

/** What each column holds, in words and as a test. */
const COLUMNS = {
  order_id: ['at most 64 letters, digits and _ : -', /^[\w:-]{1,64}$/],
  customer_id: ['at most 64 letters, digits and _ : -', /^[\w:-]{1,64}$/],
  date: ['a day such as 1997-03-24', /^\d{4}-\d{2}-\d{2}$/],
  quantity: ['a whole number from 1 to 999999', /^[1-9]\d{0,5}$/],
  amount_usd: ['an amount such as 29.33', /^\d{1,9}(\.\d{1,2})?$/],
} as const;
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/**
 * Reads orders from a CSV file with the columns `order_id, customer_id, date, quantity, amount_usd`, in any order, others
 * beside them ignored. No value spans lines, so a stray quote spoils its own line only.
 *
 * @param onBadLine `skip` names bad lines in the result; `stop` throws at the first one
 * @throws UnreadableOrders naming the file, and the line
 */
export async function readOrders(file: string, onBadLine: 'skip' | 'stop' = 'skip') {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new UnreadableOrders(`${file} cannot be read: ${cause.message}`, { cause });
  });
  const lines = [...text.split(/\r\n|\r|\n/).entries()].filter(([, line]) => line.trim() !== '');
  const columns = fieldsOf(lines.shift()?.[1] ?? '');
  const missing = NAMES.filter((name) => !columns.includes(name)).join(', ');
  if (missing)
    throw new UnreadableOrders(
      `${file} ${columns.length > 0 ? `has no column ${missing} in its first line` : 'is empty'}: give ${NAMES.join(', ')}`,
    );
  const orders = new Map<string, readonly [Order, line: number]>();
  const badLines: BadLine[] = [];
  for (const [index, line] of lines) {
    const order = orderOf(columns, fieldsOf(line));
    const first = typeof order !== 'string' && orders.get(order.orderId)?.[1];
    const reason = typeof order === 'string' ? order : first && `order_id ${order.orderId} is on line ${first} already`;
    if (!reason) orders.set((order as Order).orderId, [order as Order, index + 1]);
    else if (onBadLine === 'skip') badLines.push({ line: index + 1, reason });
    else throw new UnreadableOrders(`Line ${index + 1} of ${file} is no order: ${reason}`);
  }
  return { orders: [...orders.values()].map(([order]) => order), badLines };
}

/** The fields of a line; none where its quotes do not match. */
function fieldsOf(line: string): readonly string[] {
  try {
    return parse(line, { bom: true, trim: true, relax_column_count: true })[0] ?? [];
  } catch (error) {
    if (error instanceof CsvError) return [];
    throw error;
  }
}

/** The order in a line, or why there is none. */
function orderOf(columns: readonly string[], fields: readonly string[]): Order | string {
  if (fields.length === 0) return 'its quotes do not match';
  if (fields.length !== columns.length) return `it has ${fields.length} fields instead of ${columns.length}`;
  const of = (name: keyof typeof COLUMNS) => fields[columns.indexOf(name)] ?? '';
  const placedAt = new Date(`${of('date')}T00:00:00Z`);
  for (const name of NAMES) {
    const [meaning, pattern] = COLUMNS[name];
    // The calendar has no 1997-02-30, which would read as a day of March.
    const isRight = name !== 'date' || new Date(Number(placedAt) || 0).toISOString().startsWith(of(name));
    if (!pattern.test(of(name)) || !isRight) return `${name} is ${of(name) === '' ? 'empty' : `not ${meaning}`}`;
  }
  const [dollars = '', cents = ''] = of('amount_usd').split('.');
  return {
    ...{ orderId: of('order_id'), customerId: of('customer_id'), sku: articleOf(of('order_id')), paymentSequence: 1 },
    ...{ quantity: Number(of('quantity')), amountCents: Number(dollars) * 100 + Number(cents.padEnd(2, '0')) },
    placedAt: `${of('date')}T00:00:00Z`,
  };
}
