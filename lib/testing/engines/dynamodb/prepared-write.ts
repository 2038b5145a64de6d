import type { ConditionCheck, Delete, Put, Update as UpdateAction } from '@aws-sdk/client-dynamodb';
import { canonicalItem, type Item, itemBytes } from './attribute-value.ts';
import { validationException } from './exceptions.ts';
import { holds } from './expressions/condition.ts';
import { parseCondition } from './expressions/condition-parser.ts';
import { type ExpressionAttributes, Placeholders } from './expressions/placeholders.ts';
import type { Condition, DocumentPath, Update } from './expressions/syntax.ts';
import { applyUpdate } from './expressions/update.ts';
import { parseUpdate } from './expressions/update-parser.ts';
import type { Table } from './table.ts';

/** A write of one row that has been read and found well-formed: what is left depends on the row. */
export interface PreparedWrite {
  readonly table: Table;
  readonly key: Item;
  /** Whether the condition holds of the row, if there is a condition. */
  holds(before: Item | undefined): boolean;
  /**
   * The row afterwards; `undefined` when it is deleted or, on a condition check, not there.
   * @throws ValidationException when the write does not fit the row
   */
  after(before: Item | undefined): Item | undefined;
  /** The paths that an update names. */
  readonly paths: readonly DocumentPath[];
  readonly returnsOldOnFailure: boolean;
  /** Bytes of the request that count towards a transaction's 4 MB. */
  readonly bytes: number;
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
export const MAX_ITEM_BYTES = 400 * 1024;

export function preparePut(table: Table, { Item: given, ...put }: Partial<Put>): PreparedWrite {
  if (!given) throw missing('item');
  const condition = conditionOf(put);
  const item = canonicalItem(given);
  const key = table.keyOf(item);
  const bytes = itemBytes(item);
  if (bytes > MAX_ITEM_BYTES) throw validationException('Item size has exceeded the maximum allowed size');
  return { ...prepared(table, key, condition, put), after: () => item, bytes };
}

export function prepareUpdate(table: Table, update: Partial<UpdateAction>): PreparedWrite {
  const { UpdateExpression, ConditionExpression } = update;
  const placeholders = new Placeholders(update, [UpdateExpression, ConditionExpression]);
  const parsed = UpdateExpression === undefined ? NOTHING : parseUpdate(UpdateExpression, placeholders);
  const condition = parsedCondition(ConditionExpression, placeholders);
  placeholders.refuseUnused();
  const key = table.checkedKey(update.Key);
  const paths = pathsOf(parsed);
  const ofKey = paths.find(([name]) => table.isKey(name));
  if (ofKey) {
    throw validationException(
      `One or more parameter values were invalid: Cannot update attribute ${ofKey[0]}. This attribute is part of the key`,
    );
  }
  const after = (before: Item | undefined) => {
    const item = applyUpdate(parsed, before ?? key);
    if (itemBytes(item) <= MAX_ITEM_BYTES) return item;
    throw validationException('Item size to update has exceeded the maximum allowed size');
  };
  return { ...prepared(table, key, condition, update), after, paths };
}

export function prepareDelete(table: Table, action: Partial<Delete>): PreparedWrite {
  const condition = conditionOf(action);
  return { ...prepared(table, table.checkedKey(action.Key), condition, action), after: () => undefined };
}

export function prepareConditionCheck(table: Table, action: Partial<ConditionCheck>): PreparedWrite {
  if (action.ConditionExpression === undefined) throw missing('conditionExpression');
  const condition = conditionOf(action);
  return { ...prepared(table, table.checkedKey(action.Key), condition, action), after: (before) => before };
}

const NOTHING: Update = { set: [], remove: [], add: [], delete: [] };

function prepared(
  table: Table,
  key: Item,
  condition: Condition | undefined,
  { ReturnValuesOnConditionCheckFailure: wanted }: Pick<Put, 'ReturnValuesOnConditionCheckFailure'>,
): Omit<PreparedWrite, 'after'> {
  return {
    table,
    key,
    holds: (before) => !condition || holds(condition, before ?? {}),
    paths: [],
    returnsOldOnFailure: wanted === 'ALL_OLD',
    bytes: itemBytes(key),
  };
}

function conditionOf(request: ExpressionAttributes & Pick<Put, 'ConditionExpression'>): Condition | undefined {
  const placeholders = new Placeholders(request, [request.ConditionExpression]);
  const condition = parsedCondition(request.ConditionExpression, placeholders);
  placeholders.refuseUnused();
  return condition;
}

function parsedCondition(text: string | undefined, placeholders: Placeholders): Condition | undefined {
  return text === undefined ? undefined : parseCondition('ConditionExpression', text, placeholders);
}

function pathsOf(update: Update): DocumentPath[] {
  return [...[...update.set, ...update.add, ...update.delete].map(({ path }) => path), ...update.remove];
}

function missing(parameter: string) {
  return validationException(
    `1 validation error detected: Value null at '${parameter}' failed to satisfy constraint: Member must not be null`,
  );
}
