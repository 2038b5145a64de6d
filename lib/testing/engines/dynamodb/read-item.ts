import type {
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  TransactGetItemsCommandInput,
  TransactGetItemsCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { refuseOthers } from '../refuse-others.ts';
import { canonicalItem, type Item, itemBytes } from './attribute-value.ts';
import { consumed, consumedByTable, readUnits, TRANSACTIONAL } from './capacity.ts';
import { validationException } from './exceptions.ts';
import { type ExpressionAttributes, Placeholders } from './expressions/placeholders.ts';
import { parseProjection, project } from './expressions/projection.ts';
import type { Table } from './table.ts';
import type { Tables } from './tables.ts';

const PROJECTED = ['ProjectionExpression', 'ExpressionAttributeNames'];
const MAX_TRANSACTION = 100;
const MAX_BATCH = 100;

/** A read sees every write before it, consistent or not: an engine that shows stale reads is a fault to be injected. */
export function getItem(tables: Tables, input: GetItemCommandInput): Omit<GetItemCommandOutput, '$metadata'> {
  refuseOthers('GetItem', input, ['TableName', 'Key', 'ConsistentRead', 'ReturnConsumedCapacity', ...PROJECTED]);
  const table = tables.find(input.TableName);
  const projection = projectionOf(input);
  const item = table.get(table.checkedKey(input.Key));
  const units = readUnits(itemBytes(item ?? {}), input.ConsistentRead === true);
  return { ...(item && { Item: projection(item) }), ...consumed(input.ReturnConsumedCapacity, table.name, units) };
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html */
export function transactGetItems(
  tables: Tables,
  input: TransactGetItemsCommandInput,
): Omit<TransactGetItemsCommandOutput, '$metadata'> {
  refuseOthers('TransactGetItems', input, ['TransactItems', 'ReturnConsumedCapacity']);
  const wanted = input.TransactItems ?? [];
  if (wanted.length === 0 || wanted.length > MAX_TRANSACTION) {
    throw validationException(
      `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length from 1 to ${MAX_TRANSACTION}`,
    );
  }
  const reads = wanted.map(({ Get = { TableName: undefined, Key: undefined } }) => {
    refuseOthers('Get', Get, ['TableName', 'Key', ...PROJECTED]);
    const table = tables.find(Get.TableName);
    const projection = projectionOf(Get);
    const key = table.checkedKey(Get.Key);
    return { table, key, projection, item: table.get(key) };
  });
  refuseTwice(reads, 'Transaction request cannot include multiple operations on one item');
  const units = reads.map(({ table, item }) => ({
    table: table.name,
    units: readUnits(itemBytes(item ?? {}), true) * TRANSACTIONAL,
  }));
  return {
    Responses: reads.map(({ item, projection }) => (item ? { Item: projection(item) } : {})),
    ...consumedByTable(input.ReturnConsumedCapacity, units, 'ReadCapacityUnits'),
  };
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
export function batchGetItem(
  tables: Tables,
  input: BatchGetItemCommandInput,
): Omit<BatchGetItemCommandOutput, '$metadata'> {
  refuseOthers('BatchGetItem', input, ['RequestItems', 'ReturnConsumedCapacity']);
  const requests = Object.entries(input.RequestItems ?? {});
  const reads = requests.flatMap(([name, request]) => {
    refuseOthers('KeysAndAttributes', request, ['Keys', 'ConsistentRead', ...PROJECTED]);
    const table = tables.find(name);
    const projection = projectionOf(request);
    return (request.Keys ?? []).map((given) => {
      const key = table.checkedKey(given);
      return { name, table, key, projection, item: table.get(key), consistent: request.ConsistentRead === true };
    });
  });
  if (reads.length === 0) throw validationException('BatchGetItem must have some requests set');
  if (reads.length > MAX_BATCH) throw validationException('Too many items requested for the BatchGetItem call');
  refuseTwice(reads, 'Provided list of item keys contains duplicates');
  const found = requests.map(([name]) => {
    const ofTable = reads.filter((read) => read.name === name);
    return [name, ofTable.flatMap(({ item, projection }) => (item ? [projection(item)] : []))] as const;
  });
  const units = reads.map(({ table, item, consistent }) => ({
    table: table.name,
    units: readUnits(itemBytes(item ?? {}), consistent),
  }));
  return {
    Responses: Object.fromEntries(found),
    UnprocessedKeys: {},
    ...consumedByTable(input.ReturnConsumedCapacity, units),
  };
}

function projectionOf(
  request: ExpressionAttributes & { readonly ProjectionExpression?: string | undefined },
): (item: Item) => Item {
  const { ProjectionExpression: text } = request;
  const placeholders = new Placeholders(request, [text]);
  const paths = text === undefined ? undefined : parseProjection(text, placeholders);
  placeholders.refuseUnused();
  return (item) => canonicalItem(paths ? project(item, paths) : item);
}

function refuseTwice(reads: readonly { readonly table: Table; readonly key: Item }[], message: string): void {
  const rows = new Set(reads.map(({ table, key }) => `${table.name} ${JSON.stringify(key)}`));
  if (rows.size < reads.length) throw validationException(message);
}
