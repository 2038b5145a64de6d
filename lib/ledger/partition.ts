import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Ledger, queryPage } from './ledger.ts';
import type { Projection } from './projection.ts';

/** A row as DynamoDB gives it. */
export type Row = Readonly<Record<string, AttributeValue>>;

export interface PartitionOptions {
  /** @default false: half the read units, and what it misses is looked at again before anything is named */
  readonly consistent?: boolean;
  /** Sort keys from this one on. */
  readonly from?: string;
  /** Sort keys up to this one. */
  readonly to?: string;
  /** The most rows of a page. @default as many as DynamoDB gives: 1 MB */
  readonly pageSize?: number;
  /** @default whole rows */
  readonly projection?: Projection;
}

/** The rows of a partition of the ledger in the order of their sort keys, a page at a time. */
export async function* partition(
  ledger: Ledger,
  pk: string,
  { consistent = false, from, to, pageSize, projection }: PartitionOptions = {},
): AsyncGenerator<readonly Row[]> {
  const range = sortKeyRange(from, to);
  let start: Record<string, AttributeValue> | undefined;
  do {
    const page = await queryPage(ledger, pk, {
      KeyConditionExpression: `pk = :pk${range.expression}`,
      ExpressionAttributeValues: range.values,
      ConsistentRead: consistent,
      ExclusiveStartKey: start,
      Limit: pageSize,
      ...projection,
    });
    if (page.Items && page.Items.length > 0) yield page.Items;
    start = page.LastEvaluatedKey;
  } while (start);
}

/** All rows of a partition that is known to be small. */
export async function rowsOf(ledger: Ledger, pk: string, options?: PartitionOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of partition(ledger, pk, options)) rows.push(...page);
  return rows;
}

function sortKeyRange(from: string | undefined, to: string | undefined) {
  const values: Record<string, AttributeValue> = {};
  if (from !== undefined) values[':from'] = { S: from };
  if (to !== undefined) values[':to'] = { S: to };
  if (from !== undefined && to !== undefined) return { expression: ' AND sk BETWEEN :from AND :to', values };
  if (from !== undefined) return { expression: ' AND sk >= :from', values };
  return { expression: to === undefined ? '' : ' AND sk <= :to', values };
}
