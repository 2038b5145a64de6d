import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type AnyTable, tableBinding } from 'waybill';
import { type Environment, transact } from 'waybill/runtime';
import { Stock } from '../examples/commerce/contract.ts';
import type { Order } from '../examples/commerce/place-order.ts';
import { type Audit, audit, type Books, type Stopped, type Totals } from './audit.ts';
import { TABLES } from './deployment.ts';

/** What the shop's own books say of a run. */
export interface RunAudit extends Pick<Audit, 'conserved' | 'findings'> {
  /** The sums that were compared, each in words. */
  readonly sums: readonly string[];
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
export async function stockUpFor(
  orders: readonly Order[],
  options: { readonly environment: Environment },
): Promise<void> {
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
  const demand = new Map<string, number>();
  for (const { sku, quantity } of orders) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

/**
 * Compares the business tables with the orders of a run. It does not look into the ledger.
 *
 * @param stopped orders whose message was dead-lettered, by subscriber
 */
export async function auditRun(
  run: string,
  submitted: readonly Order[],
  stopped: Stopped,
  environment: Environment,
): Promise<RunAudit> {
  const { conserved, findings, totals } = audit(submitted, await readBooks(run, environment), stopped);
  return { conserved, findings, sums: sumsOf(totals) };
}

function sumsOf({ money, stock, notes }: Totals): string[] {
  const dollars = (cents: number) => `$${(cents / 100).toFixed(2)}`;
  return [
    `money: ${dollars(money.ordered)} ordered, ${dollars(money.paid)} paid, ${dollars(money.sold)} in the sales`,
    `stock: ${stock.initial} pieces at first, ${stock.left} left, ${stock.reserved} reserved`,
    `notes: ${notes.due} due, ${notes.written} written`,
  ];
}

/** Reads everything that the business tables hold of a run, strongly consistently. */
async function readBooks(run: string, environment: Environment): Promise<Books> {
  const books = Object.entries(TABLES).map(async ([name, table]) => [name, await rowsOfRun(run, table, environment)]);
  return Object.fromEntries(await Promise.all(books));
}

/** The partition keys of all tables, order ids and articles, begin with the run's name. */
async function rowsOfRun(run: string, table: AnyTable, { dynamodb, variables }: Environment): Promise<object[]> {
  const rows: object[] = [];
  let start: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const page: ScanCommandOutput = await dynamodb.send(
      new ScanCommand({
        TableName: variables[tableBinding(table.name)],
        ConsistentRead: true,
        ExclusiveStartKey: start,
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
