import type {
  CancellationReason,
  TransactWriteItem,
  TransactWriteItemsCommandInput,
  TransactWriteItemsCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { refuseOthers } from '../refuse-others.ts';
import { canonicalItem, type Item, itemBytes } from './attribute-value.ts';
import { consumedByTable, readUnits, TRANSACTIONAL, writeUnits } from './capacity.ts';
import { isValidationException, transactionCanceled, validationException } from './exceptions.ts';
import {
  type PreparedWrite,
  prepareConditionCheck,
  prepareDelete,
  preparePut,
  prepareUpdate,
} from './prepared-write.ts';
import type { RequestTokens } from './request-tokens.ts';
import type { Tables } from './tables.ts';

const MAX_ACTIONS = 100;
const MAX_BYTES = 4 * 1024 * 1024;
const KEYED = [
  'TableName',
  'Key',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValuesOnConditionCheckFailure',
];

/**
 * All actions or none. With a token that has been used for the same actions in the last 10 minutes, nothing is done.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export function transactWriteItems(
  tables: Tables,
  tokens: RequestTokens,
  input: TransactWriteItemsCommandInput,
): Omit<TransactWriteItemsCommandOutput, '$metadata'> {
  refuseOthers('TransactWriteItems', input, ['TransactItems', 'ClientRequestToken', 'ReturnConsumedCapacity']);
  const actions = input.TransactItems ?? [];
  refuseCount(actions.length);
  const repeated = tokens.isRepeated(input.ClientRequestToken, actions);
  const writes = actions.map((action) => prepare(tables, action));
  refuseTogether(writes);
  if (repeated) {
    const read = writes.map(({ table, key }) => ({
      table: table.name,
      units: readUnits(itemBytes(table.get(key) ?? {}), true) * TRANSACTIONAL,
    }));
    return consumedByTable(input.ReturnConsumedCapacity, read, 'ReadCapacityUnits');
  }
  const outcomes = writes.map(outcomeOf);
  const reasons = outcomes.map(({ reason }) => reason);
  if (reasons.some(({ Code }) => Code !== 'None')) throw transactionCanceled(reasons);
  for (const { write, after } of outcomes) write.table.write(write.key, after);
  tokens.remember(input.ClientRequestToken, actions);
  const written = outcomes.map(({ write, before, after }) => ({
    table: write.table.name,
    units: writeUnits(Math.max(itemBytes(before ?? {}), itemBytes(after ?? {}))) * TRANSACTIONAL,
  }));
  return consumedByTable(input.ReturnConsumedCapacity, written, 'WriteCapacityUnits');
}

interface Outcome {
  readonly write: PreparedWrite;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly reason: CancellationReason;
}

function outcomeOf(write: PreparedWrite): Outcome {
  const before = write.table.get(write.key);
  if (!write.holds(before)) {
    const reason = {
      Code: 'ConditionalCheckFailed',
      Message: 'The conditional request failed',
      ...(write.returnsOldOnFailure && before && { Item: canonicalItem(before) }),
    };
    return { write, before, after: before, reason };
  }
  try {
    return { write, before, after: write.after(before), reason: { Code: 'None' } };
  } catch (error) {
    if (!isValidationException(error)) throw error;
    return { write, before, after: before, reason: { Code: 'ValidationError', Message: error.message } };
  }
}

function prepare(tables: Tables, action: TransactWriteItem): PreparedWrite {
  const given = Object.entries(action).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw validationException('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const { Put, Update, Delete, ConditionCheck } = action;
  if (Put) {
    refuseOthers('Put', Put, [...KEYED.filter((name) => name !== 'Key'), 'Item']);
    return preparePut(tables.find(Put.TableName), Put);
  }
  if (Update) {
    refuseOthers('Update', Update, [...KEYED, 'UpdateExpression']);
    return prepareUpdate(tables.find(Update.TableName), Update);
  }
  if (Delete) {
    refuseOthers('Delete', Delete, KEYED);
    return prepareDelete(tables.find(Delete.TableName), Delete);
  }
  refuseOthers('ConditionCheck', ConditionCheck ?? {}, KEYED);
  return prepareConditionCheck(tables.find(ConditionCheck?.TableName), ConditionCheck ?? {});
}

function refuseCount(count: number): void {
  if (count > 0 && count <= MAX_ACTIONS) return;
  const constraint = count === 0 ? 'greater than or equal to 1' : `less than or equal to ${MAX_ACTIONS}`;
  throw validationException(
    `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length ${constraint}`,
  );
}

function refuseTogether(writes: readonly PreparedWrite[]): void {
  const rows = new Set(writes.map(({ table, key }) => `${table.name} ${JSON.stringify(key)}`));
  if (rows.size < writes.length) {
    throw validationException('Transaction request cannot include multiple operations on one item');
  }
  const bytes = writes.reduce((sum, write) => sum + write.bytes, 0);
  if (bytes > MAX_BYTES) {
    throw validationException(`Transaction payload size cannot exceed 4MB. Payload Size: ${bytes}`);
  }
}
