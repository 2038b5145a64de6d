import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Case, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { refused, same } from '../expect.ts';
import { CONDITION_CASES } from './dynamodb-conditions.cases.ts';
import { TRANSACTION_CASES } from './dynamodb-transactions.cases.ts';
import { keyOf, N, read, rowOf, S } from './row.ts';

const API = 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference';
const GUIDE = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide';

function one(name: string, cites: Case['cites'], run: Case['run']): Case {
  return { name, cites, needs: ['dynamodb'], run };
}

const precise = '1234567890.1234567890123456789012345678';

const ITEM_CASES: readonly Case[] = [
  one('a number of 38 digits comes back whole', `${GUIDE}/Limits.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { n: N(precise) }));
    same((await read(aws, table, 'a'))?.n, N(precise), 'the number');
  }),
  one('a number of 39 digits is refused', `${GUIDE}/Limits.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await refused(put(aws, table, rowOf('a', { n: N(`${precise}9`) })), 'ValidationException');
  }),
  one('ADD keeps all 38 digits', `${API}/API_UpdateItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { n: N('12345678901234567890123456789012345677') }));
    await update(aws, table, 'a', 'ADD n :v', { ':v': N(1) });
    same((await read(aws, table, 'a'))?.n, N('12345678901234567890123456789012345678'), 'the sum');
  }),
  one('ADD of decimals is exact', `${GUIDE}/HowItWorks.NamingRulesDataTypes.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { n: N('0.1') }));
    await update(aws, table, 'a', 'ADD n :v', { ':v': N('0.2') });
    same((await read(aws, table, 'a'))?.n, N('0.3'), 'the sum');
  }),
  one('ADD works inside a map', `${GUIDE}/Expressions.UpdateExpressions.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { m: { M: { n: N(5) } } }));
    await update(aws, table, 'a', 'ADD m.n :v, m.fresh :v', { ':v': N(2) });
    same((await read(aws, table, 'a'))?.m, { M: { n: N(7), fresh: N(2) } }, 'the map');
  }),
  one('ADD makes an attribute that is not there', `${API}/API_UpdateItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await update(aws, table, 'a', 'ADD n :v', { ':v': N(3) });
    same((await read(aws, table, 'a'))?.n, N(3), 'the number');
  }),
  one('if_not_exists keeps what is there', `${GUIDE}/Expressions.UpdateExpressions.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { n: N(1) }));
    await update(aws, table, 'a', 'SET n = if_not_exists(n, :v), o = if_not_exists(o, :v)', { ':v': N(9) });
    same(await read(aws, table, 'a'), rowOf('a', { n: N(1), o: N(9) }), 'the row');
  }),
  one(
    'an update reads every value from before it',
    `${GUIDE}/Expressions.UpdateExpressions.html`,
    async (aws, scratch) => {
      const table = await scratch.table();
      await put(aws, table, rowOf('a', { x: N(1), y: N(2) }));
      await update(aws, table, 'a', 'SET x = y, y = x');
      same(await read(aws, table, 'a'), rowOf('a', { x: N(2), y: N(1) }), 'the row');
    },
  ),
  one('overlapping paths in one update are refused', `${API}/API_UpdateItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    const overlapping = update(aws, table, 'a', 'SET m = :v, m.x = :v', { ':v': N(1) });
    await refused(overlapping, 'ValidationException');
  }),
  one('a path into what is not there is refused', `${API}/API_UpdateItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a'));
    await refused(update(aws, table, 'a', 'SET m.x = :v', { ':v': N(1) }), 'ValidationException');
  }),
  one('a failed write shows the old item when asked', `${API}/API_PutItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    const old = rowOf('a', { n: N(1), s: S('x') });
    await put(aws, table, old);
    const error = await refused(
      aws.dynamodb.send(
        new PutItemCommand({
          TableName: table,
          Item: rowOf('a'),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
      'ConditionalCheckFailedException',
    );
    same(error.Item, old, 'the item of the error');
  }),
  one('and shows none when not asked', `${API}/API_PutItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { n: N(1) }));
    const error = await refused(
      aws.dynamodb.send(
        new PutItemCommand({
          TableName: table,
          Item: rowOf('a'),
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
      'ConditionalCheckFailedException',
    );
    same(error.Item, undefined, 'the item of the error');
    same((await read(aws, table, 'a'))?.n, N(1), 'the row');
  }),
  one('ALL_NEW and ALL_OLD return the row', `${API}/API_UpdateItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { n: N(1) }));
    const updated = await aws.dynamodb.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf('a'),
        UpdateExpression: 'ADD n :v',
        ExpressionAttributeValues: { ':v': N(1) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    same(updated.Attributes, rowOf('a', { n: N(2) }), 'ALL_NEW');
    const deleted = await aws.dynamodb.send(
      new DeleteItemCommand({ TableName: table, Key: keyOf('a'), ReturnValues: 'ALL_OLD' }),
    );
    same(deleted.Attributes, rowOf('a', { n: N(2) }), 'ALL_OLD');
  }),
  one('a put of 2.5 KB consumes 3 write units', `${GUIDE}/read-write-operations.html`, async (aws, scratch) => {
    const table = await scratch.table();
    const { ConsumedCapacity } = await aws.dynamodb.send(
      new PutItemCommand({
        TableName: table,
        Item: rowOf('a', { x: S('x'.repeat(2500)) }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    same(ConsumedCapacity?.CapacityUnits, 3, 'the units');
  }),
  one(
    'a strongly consistent read of 5 KB consumes 2 read units, an eventual one 1',
    `${GUIDE}/read-write-operations.html`,
    async (aws, scratch) => {
      const table = await scratch.table();
      await put(aws, table, rowOf('a', { x: S('x'.repeat(5000)) }));
      const units = async (ConsistentRead: boolean) => {
        const command = { TableName: table, Key: keyOf('a'), ConsistentRead, ReturnConsumedCapacity: 'TOTAL' } as const;
        return (await aws.dynamodb.send(new GetItemCommand(command))).ConsumedCapacity?.CapacityUnits;
      };
      same([await units(true), await units(false)], [2, 1], 'the units');
    },
  ),
  one('an item above 400 KB is refused', `${GUIDE}/Constraints.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await refused(put(aws, table, rowOf('a', { x: S('x'.repeat(400 * 1024)) })), 'ValidationException');
  }),
  one('an empty key is refused, an empty value is not', `${GUIDE}/Constraints.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await put(aws, table, rowOf('a', { s: S('') }));
    same((await read(aws, table, 'a'))?.s, S(''), 'the value');
    await refused(put(aws, table, { pk: S(''), sk: S('a') }), 'ValidationException');
  }),
  one('an empty set is refused', `${GUIDE}/HowItWorks.NamingRulesDataTypes.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await refused(put(aws, table, rowOf('a', { s: { SS: [] } })), 'ValidationException');
  }),
  one('a reserved word in an expression is refused', `${GUIDE}/ReservedWords.html`, async (aws, scratch) => {
    const table = await scratch.table();
    await refused(update(aws, table, 'a', 'SET status = :v', { ':v': N(1) }), 'ValidationException');
  }),
  one('a value that no expression uses is refused', `${API}/API_UpdateItem.html`, async (aws, scratch) => {
    const table = await scratch.table();
    const idle = update(aws, table, 'a', 'SET n = :v', { ':v': N(1), ':idle': N(2) });
    await refused(idle, 'ValidationException');
  }),
  one('of writers of one condition one wins', `${GUIDE}/WorkingWithItems.html`, async (aws, scratch) => {
    const table = await scratch.table();
    const claims = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        aws.dynamodb.send(
          new PutItemCommand({
            TableName: table,
            Item: rowOf('a', { winner: N(index) }),
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      ),
    );
    const winners = claims.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    same(winners.length, 1, 'the number of winners');
    same((await read(aws, table, 'a'))?.winner, N(winners[0] ?? -1), 'the winner');
  }),
  one(
    'transactions that race for one row count it once each',
    `${GUIDE}/transaction-apis.html`,
    async (aws, scratch) => {
      const table = await scratch.table();
      const races = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          aws.dynamodb.send(
            new TransactWriteItemsCommand({
              TransactItems: [
                { Put: { TableName: table, Item: rowOf(`mark-${index}`) } },
                {
                  Update: {
                    TableName: table,
                    Key: keyOf('count'),
                    UpdateExpression: 'ADD n :v',
                    ExpressionAttributeValues: { ':v': N(1) },
                  },
                },
              ],
            }),
          ),
        ),
      );
      const marks = await Promise.all(races.map((_, index) => read(aws, table, `mark-${index}`)));
      const committed = races.filter(({ status }) => status === 'fulfilled').length;
      same(marks.filter(Boolean).length, committed, 'the rows of committed transactions');
      same((await read(aws, table, 'count'))?.n, N(committed), 'the count');
    },
  ),
];

export const DYNAMODB: Suite = {
  service: 'dynamodb',
  title: 'DynamoDB: conditions, items, transactions',
  cases: [...CONDITION_CASES, ...ITEM_CASES, ...TRANSACTION_CASES],
};

function put({ dynamodb }: Clients, TableName: string, Item: Record<string, AttributeValue>): Promise<unknown> {
  return dynamodb.send(new PutItemCommand({ TableName, Item }));
}

function update(
  { dynamodb }: Clients,
  TableName: string,
  sort: string,
  UpdateExpression: string,
  ExpressionAttributeValues?: Record<string, AttributeValue>,
): Promise<unknown> {
  const values = ExpressionAttributeValues && { ExpressionAttributeValues };
  return dynamodb.send(new UpdateItemCommand({ TableName, Key: keyOf(sort), UpdateExpression, ...values }));
}
