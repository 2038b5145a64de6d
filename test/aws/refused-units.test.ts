import {
  type AttributeValue,
  DeleteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { itemBytes } from '../../lib/aws/item-bytes.ts';
import { itemBytes as engineBytes } from '../../lib/testing/engines/dynamodb/attribute-value.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';

const MEASURED = { ReturnConsumedCapacity: 'TOTAL' } as const;
const ABSENT = { ConditionExpression: 'attribute_not_exists(pk)' };
const text = (kilobytes: number) => 'x'.repeat(kilobytes * 1000);
const row = (sk: string, kilobytes: number) => toItem({ pk: 'row', sk, text: text(kilobytes) });

/** A ledger with a row of 3 KB. */
function ledgerWithRow() {
  const stack = new MemoryStack();
  const { dynamodb, usage } = stack.environment();
  const TableName = stack.ledger.name;
  stack.ledger.write(stack.ledger.keyOf(row('there', 2.5)), row('there', 2.5));
  return { dynamodb, usage, TableName };
}

test('a refused write counts as DynamoDB bills it: by the greater of the row that is there, where it is known, and the new one', async () => {
  const { dynamodb, usage, TableName } = ledgerWithRow();
  const refused = async (command: PutItemCommand | UpdateItemCommand | DeleteItemCommand) => {
    const before = usage.writeUnits;
    await expect(dynamodb.send(command as PutItemCommand)).rejects.toThrow('The conditional request failed');
    return usage.writeUnits - before;
  };
  const put = { TableName, ...ABSENT, ...MEASURED };
  const shown = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  const Key = toItem({ pk: 'row', sk: 'there' });

  expect(await refused(new PutItemCommand({ ...put, Item: row('there', 0.1) }))).toBe(1);
  expect(await refused(new PutItemCommand({ ...put, ...shown, Item: row('there', 0.1) }))).toBe(3);
  expect(await refused(new PutItemCommand({ ...put, ...shown, Item: row('there', 5) }))).toBe(5);
  expect(await refused(new DeleteItemCommand({ ...put, Key }))).toBe(1);
  expect(await refused(new UpdateItemCommand({ ...put, ...shown, Key, UpdateExpression: 'SET a = pk' }))).toBe(3);
});

test('a refused transaction counts each of its rows twice, as a written one does', async () => {
  const { dynamodb, usage, TableName } = ledgerWithRow();
  const transaction = (sk: string) =>
    new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName, Item: row('new', 1.5) } },
        { Put: { TableName, Item: row(sk, 0.1), ...ABSENT } },
      ],
      ...MEASURED,
    });

  await expect(dynamodb.send(transaction('there'))).rejects.toThrow('Transaction cancelled');
  const refused = usage.writeUnits;
  await dynamodb.send(transaction('elsewhere'));

  expect(refused).toBe(6);
  expect(usage.writeUnits - refused).toBe(6);
});

test('a transaction that is sent again under its token, and was done, reads', async () => {
  const { dynamodb, usage, TableName } = ledgerWithRow();
  const TransactItems = [{ Put: { TableName, Item: row('new', 0.1) } }];
  const command = () => new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: 'token', ...MEASURED });

  await dynamodb.send(command());
  expect(usage).toMatchObject({ writeUnits: 2, readUnits: 0 });
  await dynamodb.send(command());
  expect(usage).toMatchObject({ writeUnits: 2, readUnits: 2 });
});

test('what fails for another reason than its condition counts nothing', async () => {
  const { dynamodb, usage } = ledgerWithRow();
  const command = new PutItemCommand({ TableName: 'nowhere', Item: row('new', 1), ...MEASURED });
  await expect(dynamodb.send(command)).rejects.toThrow('not found');
  expect(usage).toMatchObject({ calls: { PutItem: 1 }, writeUnits: 0 });
});

test('the size of a row is what the engine says that it is', () => {
  // No row has a column of this name: `toItem` refuses it.
  const column = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__');
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(column, tie('value'), { maxKeys: 4 }),
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }).map((texts) => new Set(texts)),
      fc.uniqueArray(fc.integer(), { minLength: 1 }).map((numbers) => new Set(numbers)),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(column, value), (columns) => {
      const item: Record<string, AttributeValue> = toItem(columns);
      expect(itemBytes(item)).toBe(engineBytes(item));
    }),
  );
});
