import { readFile } from 'node:fs/promises';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import type { Order } from '../examples/commerce/place-order.ts';
import { articleOf } from './orders.ts';

/** A line of the file that is no order. */
export interface BadLine {
  /** From 1, the header's. */
  readonly line: number;
  readonly reason: string;
}

/** The orders of a file, and the lines that are none. */
export interface OrderFile {
  readonly orders: readonly Order[];
  readonly badLines: readonly BadLine[];
}

/** What each column holds, in words and as a test. */
const COLUMNS = {
  order_id: ['at most 64 letters, digits and _ : -', (value) => ID.test(value)],
  customer_id: ['at most 64 letters, digits and _ : -', (value) => ID.test(value)],
  date: ['a day such as 1997-03-24', (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && isDay(value)],
  quantity: ['a whole number from 1 to 999999', (value) => /^[1-9]\d{0,5}$/.test(value)],
  amount_usd: ['an amount such as 29.33', (value) => /^\d{1,9}(\.\d{1,2})?$/.test(value)],
} satisfies Record<string, readonly [meaning: string, isValid: (value: string) => boolean]>;
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const ID = /^[\w:-]{1,64}$/;

/** The file cannot be read as orders at all, or has a bad line and the reader was told to stop there. */
export class UnreadableOrders extends Error {
  readonly code = 'unreadable-orders';
  override readonly name = 'UnreadableOrders';
}

/**
 * Reads orders from a CSV file with the columns `order_id, customer_id, date, quantity, amount_usd`, in any order, others
 * beside them ignored. No value spans lines, so a stray quote spoils its own line only.
 *
 * @param onBadLine `skip` names bad lines in the result; `stop` throws at the first one
 * @throws UnreadableOrders naming the file, and the line
 */
export async function readOrders(file: string, onBadLine: 'skip' | 'stop' = 'skip'): Promise<OrderFile> {
  const orders: Order[] = [];
  const badLines: BadLine[] = [];
  const lineOfOrder = new Map<string, number>();
  let columns: readonly string[] | undefined;
  for (const [index, text] of (await linesOf(file)).entries()) {
    const line = index + 1;
    if (text.trim() === '') continue;
    const fields = fieldsOf(text);
    if (!columns) {
      columns = headerOf(file, fields);
      continue;
    }
    const order = typeof fields === 'string' ? fields : orderOf(columns, fields);
    const reason = typeof order === 'string' ? order : repeated(order, lineOfOrder, line);
    if (typeof order !== 'string' && !reason) orders.push(order);
    else if (onBadLine === 'stop') throw new UnreadableOrders(`Line ${line} of ${file} is no order: ${reason}`);
    else badLines.push({ line, reason });
  }
  if (!columns) throw new UnreadableOrders(`${file} is empty: give a CSV file with the columns ${NAMES.join(', ')}`);
  return { orders, badLines };
}

/** Notes the line of an order; says so when it has one already. */
function repeated({ orderId }: Order, lineOfOrder: Map<string, number>, line: number): string {
  const first = lineOfOrder.get(orderId);
  if (first) return `order_id ${orderId} is on line ${first} already`;
  lineOfOrder.set(orderId, line);
  return '';
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r\n|\r|\n/);
  } catch (error) {
    throw new UnreadableOrders(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The fields of a line, or why it has none. */
function fieldsOf(text: string): string[] | string {
  try {
    return parse(text, { bom: true, trim: true, relax_column_count: true })[0] ?? [];
  } catch (error) {
    if (error instanceof CsvError) return 'its quotes do not match';
    throw error;
  }
}

function headerOf(file: string, fields: string[] | string): readonly string[] {
  const missing = typeof fields === 'string' ? NAMES : NAMES.filter((column) => !fields.includes(column));
  if (typeof fields === 'string' || missing.length > 0) {
    throw new UnreadableOrders(
      `${file} has no column ${missing.join(', ')} in its first line: give ${NAMES.join(', ')}`,
    );
  }
  return fields;
}

/** The order in a line, or why there is none. */
function orderOf(columns: readonly string[], fields: readonly string[]): Order | string {
  if (fields.length !== columns.length) return `it has ${fields.length} fields instead of ${columns.length}`;
  const row = Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? ''])) as Record<
    keyof typeof COLUMNS,
    string
  >;
  for (const name of NAMES) {
    const [meaning, isValid] = COLUMNS[name];
    if (!isValid(row[name])) return `${name} is ${row[name] === '' ? 'empty' : `not ${meaning}`}`;
  }
  const [dollars = '', cents = ''] = row.amount_usd.split('.');
  return {
    orderId: row.order_id,
    customerId: row.customer_id,
    sku: articleOf(row.order_id),
    quantity: Number(row.quantity),
    amountCents: Number(dollars) * 100 + Number(cents.padEnd(2, '0')),
    paymentSequence: 1,
    placedAt: `${row.date}T00:00:00Z`,
  };
}

/** Whether the calendar has the day: 1997-02-30 reads as a day of March. */
function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
