import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';

/**
 * Write units of one item: one for each KB begun.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}

/** Read units: one for each 4 KB begun, half of it where the read is eventually consistent. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5);
}

/** A transaction reads or writes each item twice. */
export const TRANSACTIONAL = 2;

/** `ReturnConsumedCapacity` of a request. */
export type CapacityRequest = string | undefined;

/** The consumed capacity of a request on one table, if it asked. */
export function consumed(
  request: CapacityRequest,
  table: string,
  units: number,
): { ConsumedCapacity?: ConsumedCapacity } {
  if (request !== 'TOTAL' && request !== 'INDEXES') return {};
  const ofTable = request === 'INDEXES' ? { Table: { CapacityUnits: units } } : {};
  return { ConsumedCapacity: { TableName: table, CapacityUnits: units, ...ofTable } };
}

/** The consumed capacity of a request on several tables, if it asked: a sum for each table, in the order of first mention. */
export function consumedByTable(
  request: CapacityRequest,
  items: readonly { readonly table: string; readonly units: number }[],
  kind?: 'ReadCapacityUnits' | 'WriteCapacityUnits',
): { ConsumedCapacity?: ConsumedCapacity[] } {
  if (request !== 'TOTAL' && request !== 'INDEXES') return {};
  const sums = new Map<string, number>();
  for (const { table, units } of items) sums.set(table, (sums.get(table) ?? 0) + units);
  const capacities = [...sums].map(([table, units]) => ({
    ...consumed(request, table, units).ConsumedCapacity,
    ...(kind && { [kind]: units }),
  }));
  return { ConsumedCapacity: capacities };
}
