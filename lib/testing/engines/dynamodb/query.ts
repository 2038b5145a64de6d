import type { AttributeValue, QueryCommandInput, QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { refuseOthers } from '../refuse-others.ts';
import { canonicalItem, compare, type Item, itemBytes, typeOf } from './attribute-value.ts';
import { consumed, readUnits } from './capacity.ts';
import { validationException } from './exceptions.ts';
import { holds } from './expressions/condition.ts';
import { parseCondition } from './expressions/condition-parser.ts';
import { parseKeyCondition } from './expressions/key-condition.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { parseProjection, project } from './expressions/projection.ts';
import type { Condition, DocumentPath, Operand } from './expressions/syntax.ts';
import type { Table } from './table.ts';
import type { Tables } from './tables.ts';

const PAGE_BYTES = 1024 * 1024;
const SUPPORTED = [
  'TableName',
  'KeyConditionExpression',
  'FilterExpression',
  'ProjectionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ConsistentRead',
  'ExclusiveStartKey',
  'Limit',
  'ReturnConsumedCapacity',
  'ScanIndexForward',
  'Select',
];

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html */
export function query(tables: Tables, input: QueryCommandInput): Omit<QueryCommandOutput, '$metadata'> {
  refuseOthers('Query', input, SUPPORTED);
  const table = tables.find(input.TableName);
  const { wanted, filter, projection } = read(table, input);
  const page = pageOf(table, wanted, input);
  const items = page.items.filter((item) => !filter || holds(filter, item));
  const units = readUnits(page.bytes, input.ConsistentRead === true);
  return {
    ...(input.Select !== 'COUNT' && {
      Items: items.map((item) => canonicalItem(projection ? project(item, projection) : item)),
    }),
    Count: items.length,
    ScannedCount: page.items.length,
    ...(page.last && { LastEvaluatedKey: canonicalItem(table.keyOf(page.last)) }),
    ...consumed(input.ReturnConsumedCapacity, table.name, units),
  };
}

interface Read {
  /** All rows of the partition that satisfy the key condition, in the order asked for. */
  readonly wanted: readonly Item[];
  readonly filter: Condition | undefined;
  readonly projection: readonly DocumentPath[] | undefined;
}

function read(table: Table, input: QueryCommandInput): Read {
  const { KeyConditionExpression, FilterExpression, ProjectionExpression } = input;
  const { partitionKey, sortKey } = table.schema;
  if (KeyConditionExpression === undefined) {
    throw validationException(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  if (input.Limit !== undefined && input.Limit < 1) {
    throw validationException('Limit must be greater than or equal to 1');
  }
  const placeholders = new Placeholders(input, [KeyConditionExpression, FilterExpression, ProjectionExpression]);
  const key = { partition: partitionKey.name, sort: sortKey?.name };
  const condition = parseKeyCondition(KeyConditionExpression, placeholders, key);
  const filter =
    FilterExpression === undefined ? undefined : parseCondition('FilterExpression', FilterExpression, placeholders);
  const projection =
    ProjectionExpression === undefined ? undefined : parseProjection(ProjectionExpression, placeholders);
  placeholders.refuseUnused();
  refuseType(table, partitionKey.name, condition.partition);
  if (sortKey && condition.sortOperand) refuseType(table, sortKey.name, condition.sortOperand);
  if (filter) refuseKeys(table, filter);
  const rows = table.partition(condition.partition);
  const matching = sortKey ? rows.filter((item) => condition.matches(item[sortKey.name] as AttributeValue)) : rows;
  return { wanted: input.ScanIndexForward === false ? matching.toReversed() : matching, filter, projection };
}

/** The rows after the start key, up to the limit or 1 MB; `last` where there may be more. */
function pageOf(
  table: Table,
  wanted: readonly Item[],
  { ExclusiveStartKey, ScanIndexForward, Limit = Number.POSITIVE_INFINITY }: QueryCommandInput,
): { readonly items: Item[]; readonly bytes: number; readonly last: Item | undefined } {
  const start = ExclusiveStartKey && table.checkedKey(ExclusiveStartKey);
  const partition = table.schema.partitionKey.name;
  if (start && wanted[0] && compare(start[partition] as AttributeValue, wanted[0][partition] as AttributeValue) !== 0) {
    throw validationException('The provided starting key is outside query boundaries based on provided conditions');
  }
  const name = table.schema.sortKey?.name;
  const isAfterStart = (item: Item): boolean => {
    if (!start) return true;
    if (name === undefined) return false;
    const order = compare(item[name] as AttributeValue, start[name] as AttributeValue) ?? 0;
    return ScanIndexForward === false ? order < 0 : order > 0;
  };
  const items: Item[] = [];
  let bytes = 0;
  const left = wanted.filter(isAfterStart);
  for (const item of left) {
    items.push(item);
    bytes += itemBytes(item);
    const isFull = bytes >= PAGE_BYTES && items.length < left.length;
    if (items.length >= Limit || isFull) return { items, bytes, last: item };
  }
  return { items, bytes, last: undefined };
}

function refuseType(table: Table, name: string, value: AttributeValue): void {
  const expected = table.keyType(name);
  const actual = typeOf(value);
  if (expected && expected !== actual) {
    throw validationException(
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    );
  }
  if (value.S === '') {
    throw validationException(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
    );
  }
}

function refuseKeys(table: Table, filter: Condition): void {
  const key = namesIn(filter).find((name) => table.isKey(name));
  if (key === undefined) return;
  throw validationException(
    `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
  );
}

function namesIn(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...namesIn(condition.left), ...namesIn(condition.right)];
    case 'not':
      return namesIn(condition.condition);
    case 'compare':
      return [condition.left, condition.right].flatMap(nameIn);
    case 'between':
      return [condition.operand, condition.low, condition.high].flatMap(nameIn);
    case 'in':
      return [condition.operand, ...condition.options].flatMap(nameIn);
    case 'begins_with':
    case 'contains':
      return [condition.operand, condition.wanted].flatMap(nameIn);
    default:
      return [condition.path[0]];
  }
}

function nameIn(operand: Operand): string[] {
  if (operand.kind === 'size') return nameIn(operand.of);
  return operand.kind === 'path' ? [operand.path[0]] : [];
}
