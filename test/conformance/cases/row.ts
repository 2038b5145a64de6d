import { type AttributeValue, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clients } from '../clients.ts';

export type Row = Record<string, AttributeValue>;

export const S = (text: string): AttributeValue => ({ S: text });
export const N = (number: number | string): AttributeValue => ({ N: String(number) });

/** The key of a row of the partition `p`. */
export const keyOf = (sort: string): Row => ({ pk: S('p'), sk: S(sort) });

/** A row of the partition `p`. */
export const rowOf = (sort: string, columns: Row = {}): Row => ({ ...keyOf(sort), ...columns });

/** The row as it is now. */
export async function read({ dynamodb }: Clients, TableName: string, sort: string): Promise<Row | undefined> {
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: keyOf(sort), ConsistentRead: true }));
  return Item;
}
