import {
  DeleteItemCommand,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { DynamoDbEngine } from '../../../../lib/testing/engines/dynamodb/engine.ts';
import { streamRecord } from '../../../../lib/testing/engines/dynamodb/stream-record.ts';
import type { Wire } from '../../../../lib/testing/engines/wire.ts';
import { N, S } from './case.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1);

function engineWithStock() {
  let now = NOW;
  const engine = new DynamoDbEngine({ now: () => now });
  const table = engine.createTable({ name: 'stock', partitionKey: { name: 'sku', type: 'S' } });
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { engine, table, client: engine.client(), pass };
}

const put = (sku: string, quantity: number | string) =>
  new PutItemCommand({ TableName: 'stock', Item: { sku: S(sku), quantity: N(quantity) } });
const add = (quantity: number, token?: string) =>
  new TransactWriteItemsCommand({
    TransactItems: [
      {
        Update: {
          TableName: 'stock',
          Key: { sku: S('a') },
          UpdateExpression: 'ADD quantity :q',
          ExpressionAttributeValues: { ':q': N(quantity) },
        },
      },
    ],
    ClientRequestToken: token,
    ReturnConsumedCapacity: 'TOTAL',
  });

test('rows can be read as JavaScript values, in the order of their keys', async () => {
  const { client, table } = engineWithStock();
  for (const command of [put('b', 2), put('a', 1), put('c', '12345678901234567890')]) await client.send(command);
  expect(table.rows()).toEqual([
    { sku: 'a', quantity: 1 },
    { sku: 'b', quantity: 2 },
    { sku: 'c', quantity: 12345678901234567890n },
  ]);
});

test('neither what was put in nor what comes out shares anything with the rows', async () => {
  const { client, table } = engineWithStock();
  const command = put('a', 1);
  await client.send(command);
  (command.input.Item as Record<string, unknown>).quantity = N(9);
  const { Item } = await client.send(new GetItemCommand({ TableName: 'stock', Key: { sku: S('a') } }));
  (Item as Record<string, unknown>).quantity = N(9);
  expect(table.rows()).toEqual([{ sku: 'a', quantity: 1 }]);
});

test('a table whose key types were not said takes them from its first row', async () => {
  const { engine, client } = engineWithStock();
  engine.createTable({ name: 'notes', partitionKey: { name: 'id' } });
  const note = (id: object) => client.send(new PutItemCommand({ TableName: 'notes', Item: { id } as never }));
  await expect(note({ BOOL: true })).rejects.toThrow('Type mismatch for key id');
  await note(N(1));
  await expect(note(S('1'))).rejects.toThrow('expected: N actual: S');
});

test('errors are those of the SDK', async () => {
  const { client } = engineWithStock();
  const refused = client.send(new TransactWriteItemsCommand({ TransactItems: [] }));
  await expect(refused).rejects.toBeInstanceOf(DynamoDBServiceException);
  await expect(refused).rejects.toMatchObject({ $fault: 'client', $metadata: { httpStatusCode: 400 } });
  const cancelled = client.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { ConditionCheck: { TableName: 'stock', Key: { sku: S('a') }, ConditionExpression: 'attribute_exists(sku)' } },
      ],
    }),
  );
  await expect(cancelled).rejects.toBeInstanceOf(TransactionCanceledException);
});

test('a transaction with a token takes effect once in ten minutes', async () => {
  const { client, table, pass } = engineWithStock();
  expect(await client.send(add(1, 'token'))).toMatchObject({ ConsumedCapacity: [{ WriteCapacityUnits: 2 }] });
  pass(10 * MINUTE - 1);
  expect(await client.send(add(1, 'token'))).toMatchObject({ ConsumedCapacity: [{ ReadCapacityUnits: 2 }] });
  expect(table.rows()).toEqual([{ sku: 'a', quantity: 1 }]);
  await expect(client.send(add(2, 'token'))).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' });
  pass(1);
  await client.send(add(2, 'token'));
  expect(table.rows()).toEqual([{ sku: 'a', quantity: 3 }]);
});

test('a token of a cancelled transaction may be used again', async () => {
  const { client, table } = engineWithStock();
  const check = (exists: string) =>
    new TransactWriteItemsCommand({
      TransactItems: [
        { ConditionCheck: { TableName: 'stock', Key: { sku: S('a') }, ConditionExpression: `${exists}(sku)` } },
      ],
      ClientRequestToken: 'token',
    });
  await expect(client.send(check('attribute_exists'))).rejects.toMatchObject({ name: 'TransactionCanceledException' });
  await client.send(check('attribute_not_exists'));
  expect(table.rows()).toEqual([]);
});

test('changes are told in the moment of their commit, in one ascending sequence', async () => {
  const { engine, client, table, pass } = engineWithStock();
  const seen: string[] = [];
  engine.onEvent(({ sequence, at, before, after }) => {
    seen.push(`${sequence} ${at - NOW} ${before?.quantity?.N} → ${after?.quantity?.N}`);
  });
  await client.send(put('a', 1));
  pass(5);
  await client.send(add(1));
  await client.send(new DeleteItemCommand({ TableName: 'stock', Key: { sku: S('a') } }));
  expect(seen).toEqual(['1 0 undefined → 1', '2 5 1 → 2', '3 5 2 → undefined']);
  expect(table.changes).toHaveLength(3);
});

test('a write that changes nothing leaves no record', async () => {
  const { client, table } = engineWithStock();
  await client.send(put('a', 1));
  await client.send(put('a', '1.0'));
  await client.send(new DeleteItemCommand({ TableName: 'stock', Key: { sku: S('z') } }));
  expect(table.changes).toHaveLength(1);
});

test('stream records are those that Lambda gets', async () => {
  const { client, table } = engineWithStock();
  await client.send(put('a', 1));
  await client.send(put('a', 2));
  await client.send(new DeleteItemCommand({ TableName: 'stock', Key: { sku: S('a') } }));
  const records = table.changes.map((change) => streamRecord(change));
  expect(records.map(({ eventName, dynamodb }) => [eventName, dynamodb?.NewImage, dynamodb?.OldImage])).toEqual([
    ['INSERT', { sku: S('a'), quantity: N(1) }, undefined],
    ['MODIFY', { sku: S('a'), quantity: N(2) }, undefined],
    ['REMOVE', undefined, undefined],
  ]);
  const numbers = records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? '');
  expect(numbers).toEqual([...new Set(numbers)].sort());
  const [, changed] = table.changes;
  if (!changed) throw new Error('There is a second change');
  expect(streamRecord(changed, 'NEW_AND_OLD_IMAGES').dynamodb).toMatchObject({
    Keys: { sku: S('a') },
    NewImage: { quantity: N(2) },
    OldImage: { quantity: N(1) },
    StreamViewType: 'NEW_AND_OLD_IMAGES',
    ApproximateCreationDateTime: NOW / 1000,
  });
});

test('rows expire when asked to, and not those that are not due or older than five years', async () => {
  const { engine, client, table } = engineWithStock();
  const now = NOW / 1000;
  const until: Record<string, number> = { due: now - 1, now, later: now + 1, ancient: now - 6 * 365 * 86_400 };
  for (const [sku, ttl] of Object.entries(until)) {
    await client.send(new PutItemCommand({ TableName: 'stock', Item: { sku: S(sku), ttl: N(ttl) } }));
  }
  await client.send(put('forever', 1));
  expect(table.rows()).toHaveLength(5);
  engine.expire('stock', 'ttl');
  expect(table.rows().map(({ sku }) => sku)).toEqual(['ancient', 'forever', 'later', 'now']);
  const last = table.changes.at(-1);
  if (!last) throw new Error('There is a change');
  expect(streamRecord(last)).toMatchObject({
    eventName: 'REMOVE',
    userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
  });
});

test('what the engine does not know it refuses, naming it', async () => {
  const { client } = engineWithStock();
  const unsupported = { code: 'unsupported-by-engine' };
  const scan = client.send(new ScanCommand({ TableName: 'stock' }));
  await expect(scan).rejects.toMatchObject(unsupported);
  await expect(scan).rejects.toThrow('Scan');
  const legacy = client.send(
    new UpdateItemCommand({ TableName: 'stock', Key: { sku: S('a') }, AttributeUpdates: { n: { Value: N(1) } } }),
  );
  await expect(legacy).rejects.toMatchObject(unsupported);
  await expect(legacy).rejects.toThrow('AttributeUpdates');
  const indexed = client.send(
    new QueryCommand({
      TableName: 'stock',
      IndexName: 'by-quantity',
      KeyConditionExpression: 'sku = :s',
      ExpressionAttributeValues: { ':s': S('a') },
    }),
  );
  await expect(indexed).rejects.toThrow('IndexName');
});

test('a wire may lose an answer though the request was carried out', async () => {
  const { engine, table } = engineWithStock();
  const losing: Wire = async (_, apply) => {
    apply();
    throw new Error('socket hang up');
  };
  await expect(engine.client(losing).send(put('a', 1))).rejects.toThrow('socket hang up');
  expect(table.rows()).toEqual([{ sku: 'a', quantity: 1 }]);
});

test('a wire may carry a request out late', async () => {
  const { engine, table } = engineWithStock();
  const held: (() => void)[] = [];
  const late: Wire = (_, apply) => new Promise((resolve) => held.push(() => resolve(apply())));
  const sent = engine.client(late).send(put('a', 1));
  expect(table.rows()).toEqual([]);
  for (const release of held) release();
  await sent;
  expect(table.rows()).toEqual([{ sku: 'a', quantity: 1 }]);
});
