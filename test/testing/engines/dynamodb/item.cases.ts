import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactGetItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { type DynamoDbCase, key, L, M, N, type Row, row, S } from './case.ts';

const PUT = 'APIReference/API_PutItem.html';
const GET = 'APIReference/API_GetItem.html';
const DELETE = 'APIReference/API_DeleteItem.html';
const BATCH_GET = 'APIReference/API_BatchGetItem.html';
const BATCH_WRITE = 'APIReference/API_BatchWriteItem.html';
const TRANSACT_GET = 'APIReference/API_TransactGetItems.html';
const QUERY = 'developerguide/Query.KeyConditionExpressions.html';
const LIMITS = 'developerguide/Constraints.html';
const CAPACITY = 'developerguide/read-write-operations.html';
const PROJECTION = 'developerguide/Expressions.ProjectionExpressions.html';

const put =
  (Item: Row, more = {}) =>
  (TableName: string) =>
    new PutItemCommand({ TableName, Item, ...more });
const get =
  (Key: Row, more = {}) =>
  (TableName: string) =>
    new GetItemCommand({ TableName, Key, ...more });
const bytes = (count: number) => S('x'.repeat(count));
/** What the key and the column `x` of a row named by one letter take, but for the column's value. */
const OVERHEAD = 2 + 1 + 2 + 1 + 1;
const FULL = row('a', { x: bytes(400 * 1024 - OVERHEAD) });

const PUTS: readonly DynamoDbCase[] = [
  {
    promise: 'a put replaces the whole row',
    page: PUT,
    given: [row('a', { n: N(1) })],
    command: put(row('a', { q: N(2) })),
    leaves: [row('a', { q: N(2) })],
  },
  {
    promise: 'a put answers with the row that was there, when asked',
    page: PUT,
    given: [row('a', { n: N(1) })],
    command: put(row('a'), { ReturnValues: 'ALL_OLD' }),
    answers: () => ({ Attributes: row('a', { n: N(1) }) }),
  },
  {
    promise: 'a put cannot answer with the new row',
    page: PUT,
    command: put(row('a'), { ReturnValues: 'ALL_NEW' }),
    refuses: { name: 'ValidationException', message: 'Return values set to invalid value' },
  },
  {
    promise: 'a put on condition that nothing is there',
    page: PUT,
    given: [row('a', { n: N(1) })],
    command: put(row('a'), {
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    refuses: { name: 'ConditionalCheckFailedException', Item: row('a', { n: N(1) }) },
  },
  {
    promise: 'values without an expression are refused',
    page: PUT,
    command: put(row('a'), { ExpressionAttributeValues: { ':v': N(1) } }),
    refuses: { name: 'ValidationException', message: 'can only be specified when using expressions' },
  },
  {
    promise: 'a row without its key is refused',
    page: PUT,
    command: put({ pk: S('p') }),
    refuses: { name: 'ValidationException' },
  },
  {
    promise: 'a key of a wrong type is refused',
    page: PUT,
    command: put({ pk: S('p'), sk: N(1) }),
    refuses: { name: 'ValidationException', message: 'Type mismatch for key' },
  },
  {
    promise: 'an empty key is refused',
    page: LIMITS,
    command: put(row('')),
    refuses: { name: 'ValidationException', message: 'cannot contain an empty string value. Key: sk' },
  },
  {
    promise: 'an empty text that is no key is kept',
    page: LIMITS,
    command: put(row('a', { s: S('') })),
    leaves: [row('a', { s: S('') })],
  },
  {
    promise: 'a sort key of 1,024 bytes is kept',
    page: LIMITS,
    command: put(row('s'.repeat(1024))),
    leaves: [row('s'.repeat(1024))],
  },
  {
    promise: 'a sort key of 1,025 bytes is refused',
    page: LIMITS,
    command: put(row('s'.repeat(1025))),
    refuses: { name: 'ValidationException' },
  },
  {
    promise: 'a partition key of 2,049 bytes is refused',
    page: LIMITS,
    command: put({ pk: bytes(2049), sk: S('a') }),
    refuses: { name: 'ValidationException' },
  },
  { promise: 'a row of 400 KB is kept', page: LIMITS, command: put(FULL), leaves: [FULL] },
  {
    promise: 'a row of one byte more is refused',
    page: LIMITS,
    command: put(row('a', { x: bytes(400 * 1024 - OVERHEAD + 1) })),
    refuses: { name: 'ValidationException', message: 'Item size has exceeded the maximum allowed size' },
  },
  {
    promise: 'a column may be named __proto__',
    page: PUT,
    command: put(row('a', JSON.parse('{"__proto__":{"N":"1"}}'))),
    answers: () => ({}),
  },
  {
    promise: 'a put to a table that is not there is refused',
    page: PUT,
    command: () => new PutItemCommand({ TableName: 'nowhere', Item: row('a') }),
    refuses: { name: 'ResourceNotFoundException' },
  },
  {
    promise: 'a delete answers with the row that was there, when asked',
    page: DELETE,
    given: [row('a', { n: N(1) })],
    command: (TableName) => new DeleteItemCommand({ TableName, Key: key('a'), ReturnValues: 'ALL_OLD' }),
    answers: () => ({ Attributes: row('a', { n: N(1) }) }),
    leaves: [],
  },
  {
    promise: 'a delete of nothing is no error',
    page: DELETE,
    command: (TableName) => new DeleteItemCommand({ TableName, Key: key('a') }),
    leaves: [],
  },
  {
    promise: 'a delete may ask for something',
    page: DELETE,
    command: (TableName) =>
      new DeleteItemCommand({ TableName, Key: key('a'), ConditionExpression: 'attribute_exists(pk)' }),
    refuses: { name: 'ConditionalCheckFailedException' },
  },
];

const consumed = (CapacityUnits: number) => (TableName: string) => ({ ConsumedCapacity: { TableName, CapacityUnits } });
const counting = { ReturnConsumedCapacity: 'TOTAL' };

const CAPACITIES: readonly DynamoDbCase[] = [
  {
    promise: 'a write costs a unit for each KB begun',
    page: CAPACITY,
    command: put(row('a', { x: bytes(2048) }), counting),
    answers: consumed(3),
  },
  { promise: 'a small write costs one unit', page: CAPACITY, command: put(row('a'), counting), answers: consumed(1) },
  {
    promise: 'replacing a large row costs what it took',
    page: CAPACITY,
    given: [row('a', { x: bytes(3000) })],
    command: put(row('a'), counting),
    answers: consumed(3),
  },
  {
    promise: 'deleting a row costs what it took',
    page: CAPACITY,
    given: [row('a', { x: bytes(3000) })],
    command: (TableName) => new DeleteItemCommand({ TableName, Key: key('a'), ReturnConsumedCapacity: 'TOTAL' }),
    answers: consumed(3),
  },
  {
    promise: 'a consistent read costs a unit for each 4 KB begun',
    page: CAPACITY,
    given: [row('a', { x: bytes(4096) })],
    command: get(key('a'), { ...counting, ConsistentRead: true }),
    answers: consumed(2),
  },
  {
    promise: 'an eventually consistent read costs half of it',
    page: CAPACITY,
    given: [row('a', { x: bytes(4096) })],
    command: get(key('a'), counting),
    answers: consumed(1),
  },
  {
    promise: 'reading nothing costs too',
    page: CAPACITY,
    command: get(key('a'), { ...counting, ConsistentRead: true }),
    answers: consumed(1),
  },
  {
    promise: 'a projection saves no capacity',
    page: CAPACITY,
    given: [row('a', { x: bytes(8192), n: N(1) })],
    command: get(key('a'), { ...counting, ConsistentRead: true, ProjectionExpression: 'n' }),
    answers: consumed(3),
  },
];

const DOCUMENT = row('a', { n: N(1), m: M({ x: N(1), y: N(2) }), l: L(N(0), N(1), M({ z: N(3), w: N(4) })) });

const READS: readonly DynamoDbCase[] = [
  {
    promise: 'a read shows the row',
    page: GET,
    given: [DOCUMENT],
    command: get(key('a')),
    answers: () => ({ Item: DOCUMENT }),
  },
  {
    promise: 'a read of nothing shows no row',
    page: GET,
    command: get(key('a')),
    answers: () => ({ Item: undefined }),
  },
  {
    promise: 'a projection shows what it names',
    page: PROJECTION,
    given: [DOCUMENT],
    command: get(key('a'), { ProjectionExpression: 'm.y, l[2].z, l[0], zz' }),
    answers: () => ({ Item: { m: M({ y: N(2) }), l: L(N(0), M({ z: N(3) })) } }),
  },
  {
    promise: 'a projection names a reserved word by a placeholder',
    page: PROJECTION,
    given: [row('a', { name: S('x') })],
    command: get(key('a'), { ProjectionExpression: '#n', ExpressionAttributeNames: { '#n': 'name' } }),
    answers: () => ({ Item: { name: S('x') } }),
  },
  {
    promise: 'a projection that names a thing twice is refused',
    page: PROJECTION,
    command: get(key('a'), { ProjectionExpression: 'm, m.x' }),
    refuses: { name: 'ValidationException', message: 'Two document paths overlap' },
  },
  {
    promise: 'half a key is refused',
    page: GET,
    command: get({ pk: S('p') }),
    refuses: { name: 'ValidationException' },
  },
  {
    promise: 'more than the key is refused',
    page: GET,
    command: get({ ...key('a'), x: N(1) }),
    refuses: { name: 'ValidationException' },
  },
  {
    promise: 'a key of a wrong type is refused on reading',
    page: GET,
    command: get({ pk: S('p'), sk: N(1) }),
    refuses: { name: 'ValidationException' },
  },
  {
    promise: 'a transaction reads in the order asked',
    page: TRANSACT_GET,
    given: [row('a', { n: N(1) })],
    command: (TableName) =>
      new TransactGetItemsCommand({
        TransactItems: [
          { Get: { TableName, Key: key('b') } },
          { Get: { TableName, Key: key('a'), ProjectionExpression: 'n' } },
        ],
        ReturnConsumedCapacity: 'TOTAL',
      }),
    answers: (TableName) => ({
      Responses: [{}, { Item: { n: N(1) } }],
      ConsumedCapacity: [{ TableName, CapacityUnits: 4 }],
    }),
  },
  {
    promise: 'a transaction does not read a row twice',
    page: TRANSACT_GET,
    command: (TableName) =>
      new TransactGetItemsCommand({
        TransactItems: [{ Get: { TableName, Key: key('a') } }, { Get: { TableName, Key: key('a') } }],
      }),
    refuses: { name: 'ValidationException', message: 'multiple operations on one item' },
  },
  {
    promise: 'a batch shows the rows that are there',
    page: BATCH_GET,
    given: [row('a', { n: N(1) })],
    command: (table) => new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [key('a'), key('b')] } } }),
    answers: (table) => ({ Responses: { [table]: [row('a', { n: N(1) })] }, UnprocessedKeys: {} }),
  },
  {
    promise: 'a batch does not read a row twice',
    page: BATCH_GET,
    command: (table) => new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [key('a'), key('a')] } } }),
    refuses: { name: 'ValidationException', message: 'duplicates' },
  },
  {
    promise: 'a batch writes and deletes',
    page: BATCH_WRITE,
    given: [row('a'), row('b')],
    command: (table) =>
      new BatchWriteItemCommand({
        RequestItems: { [table]: [{ PutRequest: { Item: row('c') } }, { DeleteRequest: { Key: key('a') } }] },
      }),
    answers: () => ({ UnprocessedItems: {} }),
    leaves: [row('b'), row('c')],
  },
  {
    promise: 'a batch does not write a row twice',
    page: BATCH_WRITE,
    command: (table) =>
      new BatchWriteItemCommand({
        RequestItems: { [table]: [{ PutRequest: { Item: row('a') } }, { DeleteRequest: { Key: key('a') } }] },
      }),
    refuses: { name: 'ValidationException', message: 'duplicates' },
  },
  {
    promise: 'a batch has at most 25 writes',
    page: BATCH_WRITE,
    command: (table) =>
      new BatchWriteItemCommand({
        RequestItems: {
          [table]: Array.from({ length: 26 }, (_, index) => ({ PutRequest: { Item: row(`${index}`) } })),
        },
      }),
    refuses: { name: 'ValidationException', message: 'Too many items requested' },
  },
];

const SORTED = ['Z', 'a', 'b', 'ba', 'c', 'é'].map((sort) => row(sort, { n: N(sort.length) }));

function query(condition: string, values: Record<string, Row[string]> = {}, more: Partial<QueryCommandInput> = {}) {
  return (TableName: string) =>
    new QueryCommand({
      TableName,
      KeyConditionExpression: condition,
      ExpressionAttributeValues: { ...(condition.includes(':p') && { ':p': S('p') }), ...values },
      ...more,
    });
}

function finds(
  promise: string,
  command: DynamoDbCase['command'],
  sorts: readonly string[],
  more: object = {},
): DynamoDbCase {
  const Items = sorts.map((sort) => ({ sk: S(sort) }));
  return { promise, page: QUERY, given: SORTED, command, answers: () => ({ Items, Count: sorts.length, ...more }) };
}

function unfit(
  condition: string,
  message: string,
  values: Record<string, Row[string]> = {},
  more: Partial<QueryCommandInput> = {},
): DynamoDbCase {
  return {
    promise: `refused: ${condition} (${message})`,
    page: QUERY,
    given: SORTED,
    command: query(condition, values, more),
    refuses: { name: 'ValidationException', message },
  };
}

const b = { ':b': S('b') };

const QUERIES: readonly DynamoDbCase[] = [
  finds('a partition is sorted by the bytes of its sort keys', query('pk = :p'), ['Z', 'a', 'b', 'ba', 'c', 'é'], {
    LastEvaluatedKey: undefined,
  }),
  finds('or the other way round', query('pk = :p', {}, { ScanIndexForward: false }), ['é', 'c', 'ba', 'b', 'a', 'Z']),
  finds('less than', query('pk = :p AND sk < :b', b), ['Z', 'a']),
  finds('at most', query('pk = :p AND sk <= :b', b), ['Z', 'a', 'b']),
  finds('more than', query('sk > :b AND pk = :p', b), ['ba', 'c', 'é']),
  finds('at least, said the other way round', query(':p = pk AND :b <= sk', b), ['b', 'ba', 'c', 'é']),
  finds('between, bounds included', query('(pk = :p) AND (sk BETWEEN :b AND :c)', { ...b, ':c': S('c') }), [
    'b',
    'ba',
    'c',
  ]),
  finds('begins with', query('pk = :p AND begins_with(sk, :b)', b), ['b', 'ba']),
  finds('exactly one', query('pk = :p AND sk = :b', b), ['b']),
  finds('a limit ends the page and says where', query('pk = :p', {}, { Limit: 2 }), ['Z', 'a'], {
    LastEvaluatedKey: key('a'),
  }),
  finds(
    'a limit that is just reached says so too',
    query('pk = :p', {}, { Limit: 6 }),
    ['Z', 'a', 'b', 'ba', 'c', 'é'],
    { LastEvaluatedKey: key('é') },
  ),
  finds('the next page begins after the key', query('pk = :p', {}, { Limit: 2, ExclusiveStartKey: key('a') }), [
    'b',
    'ba',
  ]),
  finds('a start key need not be a row', query('pk = :p', {}, { ExclusiveStartKey: key('bb') }), ['c', 'é']),
  finds(
    'backwards, the next page comes before the key',
    query('pk = :p', {}, { ScanIndexForward: false, ExclusiveStartKey: key('b') }),
    ['a', 'Z'],
  ),
  finds(
    'a filter is applied after the limit',
    query('pk = :p', { ':n': N(1) }, { FilterExpression: 'n > :n', Limit: 4 }),
    ['ba'],
    { ScannedCount: 4, LastEvaluatedKey: key('ba') },
  ),
  {
    promise: 'a count shows no rows',
    page: 'APIReference/API_Query.html',
    given: SORTED,
    command: query('pk = :p', {}, { Select: 'COUNT' }),
    answers: () => ({ Items: undefined, Count: 6, ScannedCount: 6 }),
  },
  {
    promise: 'a partition that is not there is empty',
    page: QUERY,
    given: SORTED,
    command: query('pk = :p', { ':p': S('q') }),
    answers: () => ({ Items: [], Count: 0 }),
  },
  {
    promise: 'a page has 1 MB',
    page: 'developerguide/Query.Pagination.html',
    given: ['a', 'b', 'c', 'd', 'e'].map((sort) => row(sort, { x: bytes(300 * 1024) })),
    command: query(
      'pk = :p',
      {},
      { ProjectionExpression: 'sk', ReturnConsumedCapacity: 'TOTAL', ConsistentRead: true },
    ),
    answers: () => ({ Count: 4, LastEvaluatedKey: key('d') }),
  },
  unfit('pk = :p OR sk = :b', 'Invalid operator used in KeyConditionExpression: OR', b),
  unfit('NOT pk = :p', 'Invalid operator used in KeyConditionExpression: NOT'),
  unfit('pk = :p AND contains(sk, :b)', 'Invalid operator used in KeyConditionExpression: contains', b),
  unfit('pk = :p AND sk <> :b', 'Invalid operator used in KeyConditionExpression: <>', b),
  unfit('pk > :p', 'Query key condition not supported'),
  unfit('sk = :p', 'Query condition missed key schema element'),
  unfit('pk = :p AND n = :b', 'Query condition missed key schema element', b),
  unfit('pk = :p AND sk > :b AND sk < :c', 'must only contain one condition per key', { ...b, ':c': S('c') }),
  unfit('pk = :n', 'Condition parameter type does not match schema type', { ':n': N(1) }),
  unfit('pk = :p', 'Filter Expression can only contain non-primary key attributes', b, { FilterExpression: 'sk > :b' }),
  unfit('pk = :p', '', {}, { Limit: 0 }),
  unfit('pk = :p', 'starting key', {}, { ExclusiveStartKey: { pk: S('q'), sk: S('a') } }),
].map((one) => ({ ...one, command: projected(one) }));

/** Reads no more of each row than its sort key, where a case does not say otherwise. */
function projected({ command }: DynamoDbCase): DynamoDbCase['command'] {
  return (table) => {
    const { input } = command(table) as QueryCommand;
    return new QueryCommand(input.Select ? input : { ProjectionExpression: 'sk', ...input });
  };
}

export const ITEM_CASES: readonly DynamoDbCase[] = [...PUTS, ...CAPACITIES, ...READS, ...QUERIES];
