import { PutItemCommand, type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { Case } from '../case.ts';
import type { Clients } from '../clients.ts';
import { refused, same } from '../expect.ts';
import { keyOf, N, type Row, read, rowOf, S } from './row.ts';

const CITES = 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html';
const CAPACITY = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html';

interface Reason {
  readonly Code?: string;
  readonly Item?: Row;
}

type Action = (TableName: string) => TransactWriteItem;

const put =
  (Item: Row, more = {}): Action =>
  (TableName) => ({ Put: { TableName, Item, ...more } });
const add =
  (sort: string, value: number): Action =>
  (TableName) => ({
    Update: {
      TableName,
      Key: keyOf(sort),
      UpdateExpression: 'ADD n :v',
      ExpressionAttributeValues: { ':v': N(value) },
    },
  });
const remove =
  (sort: string): Action =>
  (TableName) => ({ Delete: { TableName, Key: keyOf(sort) } });
const check =
  (sort: string, ConditionExpression: string, more = {}): Action =>
  (TableName) => ({ ConditionCheck: { TableName, Key: keyOf(sort), ConditionExpression, ...more } });

const absent = { ConditionExpression: 'attribute_not_exists(pk)' };
const showing = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
const A = rowOf('a', { n: N(5), s: S('x') });
const B = rowOf('b', { n: N(6) });

export const TRANSACTION_CASES: readonly Case[] = [
  on('a transaction carries out all its actions', CITES, async (aws, table) => {
    await transact(aws, table, [put(rowOf('c')), add('a', 1), remove('b'), check('d', 'attribute_not_exists(pk)')]);
    same(await rows(aws, table, 'a', 'b', 'c'), [{ ...A, n: N(6) }, undefined, rowOf('c')], 'the rows');
  }),
  on('or none of them', CITES, async (aws, table) => {
    await cancelled(transact(aws, table, [put(rowOf('c')), put(rowOf('a'), absent), remove('b')]));
    same(await rows(aws, table, 'a', 'b', 'c'), [A, B, undefined], 'the rows');
  }),
  on('the reasons of a cancelled transaction are in the order of its actions', CITES, async (aws, table) => {
    const reasons = await cancelled(
      transact(aws, table, [check('z', 'attribute_exists(pk)'), put(rowOf('c')), put(rowOf('a'), absent)]),
    );
    const codes = reasons.map(({ Code }) => Code);
    same(codes, ['ConditionalCheckFailed', 'None', 'ConditionalCheckFailed'], 'the reasons');
  }),
  on('a reason shows the item when asked, and only then', CITES, async (aws, table) => {
    const reasons = await cancelled(
      transact(aws, table, [
        put(rowOf('a'), { ...absent, ...showing }),
        put(rowOf('b'), absent),
        check('z', 'attribute_exists(pk)', showing),
      ]),
    );
    same(
      reasons.map(({ Item }) => Item),
      [A, undefined, undefined],
      'the items',
    );
  }),
  on('an update that does not fit its row cancels with ValidationError', CITES, async (aws, table) => {
    const misfit: Action = (TableName) => ({
      Update: {
        TableName,
        Key: keyOf('a'),
        UpdateExpression: 'ADD s :v',
        ExpressionAttributeValues: { ':v': N(1) },
      },
    });
    const reasons = await cancelled(transact(aws, table, [put(rowOf('c')), misfit]));
    same(
      reasons.map(({ Code }) => Code),
      ['None', 'ValidationError'],
      'the reasons',
    );
  }),
  on('a client token has equal requests take effect once', CITES, async (aws, table) => {
    await transact(aws, table, [add('a', 1)], 'token');
    await transact(aws, table, [add('a', 1)], 'token');
    same((await read(aws, table, 'a'))?.n, N(6), 'the number');
  }),
  on('a client token with another request is refused', CITES, async (aws, table) => {
    await transact(aws, table, [add('a', 1)], 'token');
    await refused(transact(aws, table, [add('a', 2)], 'token'), 'IdempotentParameterMismatchException');
    same((await read(aws, table, 'a'))?.n, N(6), 'the number');
  }),
  on('a cancelled transaction does not use its client token up', CITES, async (aws, table) => {
    const actions = [add('a', 1), check('gate', 'attribute_exists(pk)')];
    await cancelled(transact(aws, table, actions, 'token'));
    await transact(aws, table, [put(rowOf('gate'))]);
    await transact(aws, table, actions, 'token');
    same((await read(aws, table, 'a'))?.n, N(6), 'the number');
  }),
  on('a client token of more than 36 characters is refused', CITES, async (aws, table) => {
    await refused(transact(aws, table, [add('a', 1)], 't'.repeat(37)), 'ValidationException');
  }),
  on('two actions on one item are refused', CITES, async (aws, table) => {
    await refused(transact(aws, table, [put(rowOf('c')), remove('c')]), 'ValidationException');
    const checked = transact(aws, table, [put(rowOf('c')), check('c', 'attribute_not_exists(pk)')]);
    await refused(checked, 'ValidationException');
  }),
  on('100 actions are carried out', CITES, async (aws, table) => {
    await transact(aws, table, many(100));
    same(await read(aws, table, '99'), rowOf('99'), 'the last row');
  }),
  on('101 actions are refused', CITES, async (aws, table) => {
    await refused(transact(aws, table, many(101)), 'ValidationException');
    same(await read(aws, table, '0'), undefined, 'the first row');
  }),
  on('more than 4 MB are refused', CITES, async (aws, table) => {
    const large = Array.from({ length: 11 }, (_, index) => put(rowOf(`${index}`, { x: S('x'.repeat(390 * 1024)) })));
    await refused(transact(aws, table, large), 'ValidationException');
  }),
  on('a transaction consumes two write units a KB of each item', CAPACITY, async (aws, table) => {
    const { ConsumedCapacity } = await aws.dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [put(rowOf('c', { x: S('x'.repeat(1500)) }))(table), add('a', 1)(table)],
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    same(ConsumedCapacity?.[0]?.CapacityUnits, 6, 'the units');
  }),
  on('a repeated client token consumes read units only', CAPACITY, async (aws, table) => {
    const send = () =>
      aws.dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: [add('a', 1)(table)],
          ClientRequestToken: `${table.slice(-12)}-again`,
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
    await send();
    const { ConsumedCapacity } = await send();
    const { WriteCapacityUnits = 0, ReadCapacityUnits } = ConsumedCapacity?.[0] ?? {};
    same([WriteCapacityUnits, ReadCapacityUnits], [0, 2], 'write and read units');
  }),
];

/** A case on a table with the rows `a` and `b`. */
function on(name: string, cites: Case['cites'], ask: (aws: Clients, table: string) => Promise<void>): Case {
  return {
    name,
    cites,
    needs: ['dynamodb'],
    async run(aws, scratch) {
      const TableName = await scratch.table();
      for (const Item of [A, B]) await aws.dynamodb.send(new PutItemCommand({ TableName, Item }));
      await ask(aws, TableName);
    },
  };
}

function many(count: number): Action[] {
  return Array.from({ length: count }, (_, index) => put(rowOf(`${index}`)));
}

/** @param token the same for the same table and word, never the same for another table */
function transact({ dynamodb }: Clients, table: string, actions: readonly Action[], token?: string): Promise<unknown> {
  return dynamodb.send(
    new TransactWriteItemsCommand({
      TransactItems: actions.map((action) => action(table)),
      ...(token !== undefined && { ClientRequestToken: `${table.slice(-12)}-${token}` }),
    }),
  );
}

async function cancelled(request: Promise<unknown>): Promise<readonly Reason[]> {
  const error = await refused(request, 'TransactionCanceledException');
  return (error.CancellationReasons ?? []) as readonly Reason[];
}

function rows(aws: Clients, table: string, ...sorts: readonly string[]): Promise<(Row | undefined)[]> {
  return Promise.all(sorts.map((sort) => read(aws, table, sort)));
}
