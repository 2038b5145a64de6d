import type { BatchWriteItemCommandInput, BatchWriteItemCommandOutput } from '@aws-sdk/client-dynamodb';
import { refuseOthers } from '../refuse-others.ts';
import { itemBytes } from './attribute-value.ts';
import { consumedByTable, writeUnits } from './capacity.ts';
import { validationException } from './exceptions.ts';
import { prepareDelete, preparePut } from './prepared-write.ts';
import type { Tables } from './tables.ts';

const MAX_WRITES = 25;

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export function batchWriteItem(
  tables: Tables,
  input: BatchWriteItemCommandInput,
): Omit<BatchWriteItemCommandOutput, '$metadata'> {
  refuseOthers('BatchWriteItem', input, ['RequestItems', 'ReturnConsumedCapacity']);
  const requests = Object.entries(input.RequestItems ?? {}).flatMap(([name, ofTable]) =>
    ofTable.map((request) => ({ table: tables.find(name), request })),
  );
  if (requests.length === 0) throw validationException('BatchWriteItem must have some requests set');
  if (requests.length > MAX_WRITES) {
    throw validationException('Too many items requested for the BatchWriteItem call');
  }
  const writes = requests.map(({ table, request: { PutRequest, DeleteRequest } }) => {
    if ((PutRequest === undefined) === (DeleteRequest === undefined)) {
      throw validationException('A WriteRequest contains exactly one of PutRequest and DeleteRequest');
    }
    return PutRequest
      ? preparePut(table, { Item: PutRequest.Item })
      : prepareDelete(table, { Key: DeleteRequest?.Key });
  });
  const rows = new Set(writes.map(({ table, key }) => `${table.name} ${JSON.stringify(key)}`));
  if (rows.size < writes.length) throw validationException('Provided list of item keys contains duplicates');
  const written = writes.map((write) => {
    const { table, key } = write;
    const before = table.get(key);
    const after = write.after(before);
    table.write(key, after);
    const units = writeUnits(Math.max(itemBytes(before ?? {}), itemBytes(after ?? {})));
    return { table: table.name, units };
  });
  return { UnprocessedItems: {}, ...consumedByTable(input.ReturnConsumedCapacity, written) };
}
