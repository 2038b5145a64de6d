import type {
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  PutItemCommandInput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { refuseOthers } from '../refuse-others.ts';
import { canonicalItem, type Item, itemBytes } from './attribute-value.ts';
import { consumed, writeUnits } from './capacity.ts';
import { conditionalCheckFailed, validationException } from './exceptions.ts';
import { project } from './expressions/projection.ts';
import { type PreparedWrite, prepareDelete, preparePut, prepareUpdate } from './prepared-write.ts';
import type { Tables } from './tables.ts';

type Output<Of> = Omit<Of, '$metadata'>;

const SHARED = [
  'TableName',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValues',
  'ReturnConsumedCapacity',
  'ReturnValuesOnConditionCheckFailure',
];

export function putItem(tables: Tables, input: PutItemCommandInput): Output<DeleteItemCommandOutput> {
  refuseOthers('PutItem', input, [...SHARED, 'Item']);
  refuseReturnValues(input.ReturnValues, ['NONE', 'ALL_OLD']);
  return writeItem(preparePut(tables.find(input.TableName), input), input);
}

export function deleteItem(tables: Tables, input: DeleteItemCommandInput): Output<DeleteItemCommandOutput> {
  refuseOthers('DeleteItem', input, [...SHARED, 'Key']);
  refuseReturnValues(input.ReturnValues, ['NONE', 'ALL_OLD']);
  return writeItem(prepareDelete(tables.find(input.TableName), input), input);
}

export function updateItem(tables: Tables, input: UpdateItemCommandInput): Output<UpdateItemCommandOutput> {
  refuseOthers('UpdateItem', input, [...SHARED, 'Key', 'UpdateExpression']);
  refuseReturnValues(input.ReturnValues, ['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW']);
  return writeItem(prepareUpdate(tables.find(input.TableName), input), input);
}

function writeItem(
  write: PreparedWrite,
  input: Pick<UpdateItemCommandInput, 'ReturnValues' | 'ReturnConsumedCapacity'>,
): Output<UpdateItemCommandOutput> {
  const { table, key } = write;
  const before = table.get(key);
  if (!write.holds(before)) {
    throw conditionalCheckFailed(write.returnsOldOnFailure && before ? canonicalItem(before) : undefined);
  }
  const after = write.after(before);
  table.write(key, after);
  const units = writeUnits(Math.max(itemBytes(before ?? {}), itemBytes(after ?? {})));
  const attributes = returned(input.ReturnValues, write, before, after);
  return {
    ...(attributes && Object.keys(attributes).length > 0 && { Attributes: canonicalItem(attributes) }),
    ...consumed(input.ReturnConsumedCapacity, table.name, units),
  };
}

function returned(
  wanted: string | undefined,
  { paths }: PreparedWrite,
  before: Item | undefined,
  after: Item | undefined,
): Item | undefined {
  switch (wanted) {
    case 'ALL_OLD':
      return before;
    case 'ALL_NEW':
      return after;
    case 'UPDATED_OLD':
      return before && project(before, paths);
    case 'UPDATED_NEW':
      return after && project(after, paths);
    default:
      return undefined;
  }
}

function refuseReturnValues(wanted: string | undefined, allowed: readonly string[]): void {
  if (wanted !== undefined && !allowed.includes(wanted)) {
    throw validationException('Return values set to invalid value');
  }
}
