import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type AnyTable, type TableItem, tableBinding } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { Bookings, Shelf, Sold } from '../../examples/flash-sale/contract.ts';

/** What the business tables say of a sale. They know nothing of messages. */
export interface SaleBooks {
  /** Pieces that are left on the shelf, and that were sold. */
  readonly left: number;
  readonly sold: number;
  /** Orders that came too late. */
  readonly refused: number;
  readonly booked: number;
  readonly bookedTwice: number;
}

export async function booksOf(environment: Environment): Promise<SaleBooks> {
  const [shelf, sold, bookings] = await Promise.all([
    rowsOf(Shelf, environment),
    rowsOf(Sold, environment),
    rowsOf(Bookings, environment),
  ]);
  return {
    left: shelf.reduce((sum, { left }) => sum + left, 0),
    sold: sold.reduce((sum, { pieces }) => sum + pieces, 0),
    refused: sold.filter(({ pieces }) => pieces === 0).length,
    booked: bookings.length,
    bookedTwice: bookings.filter(({ booked }) => booked !== 1).length,
  };
}

async function rowsOf<T extends AnyTable>(table: T, { dynamodb, variables }: Environment): Promise<TableItem<T>[]> {
  const rows: TableItem<T>[] = [];
  let start: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const page: ScanCommandOutput = await dynamodb.send(
      new ScanCommand({
        TableName: variables[tableBinding(table.name)],
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    rows.push(...(page.Items ?? []).map((item) => unmarshall(item) as TableItem<T>));
    start = page.LastEvaluatedKey;
  } while (start);
  return rows;
}
