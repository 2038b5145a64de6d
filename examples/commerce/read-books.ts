import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type AnyTable, type TableItem, tableBinding } from 'waybill';
import type { Environment } from 'waybill/runtime';
import type { Books } from './audit.ts';
import { Orders, Payments, Reservations, Sales, ShippingNotes, Stock } from './contract.ts';

/** Reads everything that the business tables hold of a run, strongly consistently. It does not look into the ledger. */
export async function readBooks(run: string, environment: Environment): Promise<Books> {
  const [orders, payments, stock, reservations, shippingNotes, sales] = await Promise.all([
    rowsOfRun(run, Orders, environment),
    rowsOfRun(run, Payments, environment),
    rowsOfRun(run, Stock, environment),
    rowsOfRun(run, Reservations, environment),
    rowsOfRun(run, ShippingNotes, environment),
    rowsOfRun(run, Sales, environment),
  ]);
  return { orders, payments, stock, reservations, shippingNotes, sales };
}

/** The partition keys of all tables, order ids and articles, begin with the run's name. */
async function rowsOfRun<Table extends AnyTable>(
  run: string,
  table: Table,
  { dynamodb, variables }: Environment,
): Promise<TableItem<Table>[]> {
  const rows: TableItem<Table>[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamodb.send(
      new ScanCommand({
        TableName: variables[tableBinding(table.name)],
        ConsistentRead: true,
        FilterExpression: 'begins_with(#key, :run)',
        ExpressionAttributeNames: { '#key': table.partitionKey },
        ExpressionAttributeValues: { ':run': { S: `${run}.` } },
        ...(next && { ExclusiveStartKey: next }),
      }),
    );
    for (const item of page.Items ?? []) rows.push(unmarshall(item) as TableItem<Table>);
    next = page.LastEvaluatedKey;
  } while (next);
  return rows;
}
