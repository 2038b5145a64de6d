import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { absent, present, type When } from '../aws/condition.ts';
import { type Expression, joinConditions } from '../aws/expression.ts';
import type { AnyTable } from '../contract/table.ts';
import type { Lock } from './outcome.ts';

/** A row of a business table that a transaction writes or checks. */
export interface BusinessRow {
  readonly table: AnyTable;
  readonly tableName: string;
  readonly key: Record<string, AttributeValue>;
  /** Tells it from the other rows of the transaction. */
  readonly id: string;
  /** As the transaction has read it, if it has. */
  readonly lock?: Lock;
}

/** What a request says of the condition of a write. */
export type RequestCondition = {
  ConditionExpression?: string;
  ReturnValuesOnConditionCheckFailure?: 'ALL_OLD';
} & ReturnType<Expression['attributes']>;

/** The columns of a row's key. */
export function keyOf({ partitionKey, sortKey }: AnyTable, row: object): Record<string, unknown> {
  const columns = row as Record<string, unknown>;
  const key: Record<string, unknown> = { [partitionKey]: columns[partitionKey] };
  if (sortKey) key[sortKey] = columns[sortKey];
  return key;
}

/** What must hold of a row: what the handler demands, what the write itself needs, and that nobody has changed it since it was read. */
export function conditionOf(
  { table, lock }: BusinessRow,
  expression: Expression,
  when: When<object> | undefined,
  besides?: string,
): RequestCondition {
  const text = joinConditions([
    besides,
    expression.condition(table.partitionKey, when),
    lock && expression.condition(table.partitionKey, lockCondition(lock, table.partitionKey)),
  ]);
  const condition: RequestCondition = expression.attributes();
  if (text) condition.ConditionExpression = text;
  // A lock that failed is told apart from a business condition by the row itself.
  if (text && lock) condition.ReturnValuesOnConditionCheckFailure = 'ALL_OLD';
  return condition;
}

/** The condition that a version is greater than the row's, if there is one. */
export function risesTo(expression: Expression, column: string, version: unknown): string {
  const name = expression.name(column);
  return `(attribute_not_exists(${name}) OR ${name} < ${expression.value(column, version)})`;
}

function lockCondition({ column, exists, version }: Lock, partitionKey: string): When<object> {
  if (!exists) return 'absent';
  return version === undefined ? { [partitionKey]: present(), [column]: absent() } : { [column]: version };
}
