import { type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { type DynamoDbCase, key, N, type Row, row, S } from './case.ts';

const API = 'APIReference/API_TransactWriteItems.html';
const CAPACITY = 'developerguide/transaction-apis.html#transaction-capacity-handling';

type Action = (TableName: string) => TransactWriteItem;

const put =
  (Item: Row, more = {}): Action =>
  (TableName) => ({ Put: { TableName, Item, ...more } });
const update =
  (sort: string, UpdateExpression: string, more = {}): Action =>
  (TableName) => ({ Update: { TableName, Key: key(sort), UpdateExpression, ...more } });
const remove =
  (sort: string, more = {}): Action =>
  (TableName) => ({ Delete: { TableName, Key: key(sort), ...more } });
const check =
  (sort: string, ConditionExpression: string, more = {}): Action =>
  (TableName) => ({ ConditionCheck: { TableName, Key: key(sort), ConditionExpression, ...more } });

const all =
  (...actions: readonly Action[]) =>
  (table: string) =>
    new TransactWriteItemsCommand({
      TransactItems: actions.map((action) => action(table)),
      ReturnConsumedCapacity: 'TOTAL',
    });

const one = { ExpressionAttributeValues: { ':v': N(1) } };
const absent = { ConditionExpression: 'attribute_not_exists(pk)' };
const showing = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
const bytes = (count: number) => S('x'.repeat(count));
const GIVEN = [row('a', { n: N(5), s: S('x') }), row('b', { n: N(6) })];
const twice = 'Transaction request cannot include multiple operations on one item';

function cancelled(promise: string, reasons: readonly string[], ...actions: readonly Action[]): DynamoDbCase {
  const message = `[${reasons.join(', ')}]`;
  return {
    promise,
    page: API,
    given: GIVEN,
    command: all(...actions),
    refuses: { name: 'TransactionCanceledException', message, reasons },
  };
}

function refused(promise: string, message: string, ...actions: readonly Action[]): DynamoDbCase {
  return {
    promise,
    page: API,
    given: GIVEN,
    command: all(...actions),
    refuses: { name: 'ValidationException', message },
  };
}

const LOCAL_REFUSES = 'DynamoDB Local refuses the whole request, without reasons';
const LOCAL_DOUBLES = 'DynamoDB Local charges twice as much';

export const TRANSACTION_CASES: readonly DynamoDbCase[] = [
  {
    promise: 'all actions are carried out',
    page: API,
    given: GIVEN,
    command: all(put(row('c')), update('a', 'ADD n :v', one), remove('b'), check('d', 'attribute_not_exists(pk)')),
    leaves: [row('a', { n: N(6), s: S('x') }), row('c')],
  },
  cancelled(
    'or none of them',
    ['None', 'ConditionalCheckFailed', 'None'],
    put(row('c')),
    put(row('a'), absent),
    remove('b'),
  ),
  cancelled(
    'each condition that fails is named',
    ['ConditionalCheckFailed', 'None', 'ConditionalCheckFailed'],
    check('z', 'attribute_exists(pk)'),
    put(row('c')),
    remove('a', { ConditionExpression: 'n = :v', ...one }),
  ),
  {
    ...cancelled(
      'a reason shows the row, when asked',
      ['ConditionalCheckFailed', 'ConditionalCheckFailed'],
      put(row('a'), { ...absent, ...showing }),
      check('z', 'attribute_exists(pk)', showing),
    ),
    refuses: {
      name: 'TransactionCanceledException',
      reasons: ['ConditionalCheckFailed', 'ConditionalCheckFailed'],
      CancellationReasons: [{ Item: GIVEN[0] }, {}],
    } as DynamoDbCase['refuses'] & object,
  },
  {
    ...cancelled(
      'an update that does not fit its row cancels',
      ['None', 'ValidationError'],
      put(row('c')),
      update('a', 'ADD s :v', one),
    ),
    notOnLocal: LOCAL_REFUSES,
  },
  {
    ...cancelled('so does a path that is not there', ['ValidationError'], update('a', 'SET zz.y = :v', one)),
    notOnLocal: LOCAL_REFUSES,
  },
  {
    ...cancelled(
      'so does a number out of range',
      ['ValidationError', 'ConditionalCheckFailed'],
      update('a', 'ADD n :v', { ExpressionAttributeValues: { ':v': N('1e100') } }),
      put(row('b'), absent),
    ),
    notOnLocal: LOCAL_REFUSES,
  },
  {
    promise: 'so does a row that grows beyond 400 KB',
    page: API,
    given: [row('a', { x: bytes(400 * 1024 - 100) })],
    command: all(update('a', 'SET y = :v', { ExpressionAttributeValues: { ':v': bytes(200) } })),
    refuses: { name: 'TransactionCanceledException', reasons: ['ValidationError'] },
  },
  refused('two writes of one row are refused', twice, put(row('c')), remove('c')),
  refused('a write and a check of one row are refused', twice, put(row('c')), check('c', 'attribute_exists(pk)')),
  refused('no action is refused', 'Member must have length greater than or equal to 1'),
  refused(
    '101 actions are refused',
    'Member must have length less than or equal to 100',
    ...Array.from({ length: 101 }, (_, index) => put(row(`${index}`))),
  ),
  {
    promise: '100 actions are carried out',
    page: API,
    command: all(...Array.from({ length: 100 }, (_, index) => put(row(`${index}`.padStart(3, '0'))))),
    leaves: Array.from({ length: 100 }, (_, index) => row(`${index}`.padStart(3, '0'))),
  },
  refused(
    'two kinds of action in one are refused',
    'TransactItems can only contain one of Check, Put, Update or Delete',
    (table) => ({ ...put(row('c'))(table), ...remove('d')(table) }),
  ),
  refused('an action of no kind is refused', '', () => ({})),
  refused(
    'a row above 400 KB is refused',
    'Item size has exceeded the maximum allowed size',
    put(row('c', { x: bytes(400 * 1024) })),
  ),
  refused(
    'more than 4 MB are refused',
    '4MB',
    ...Array.from({ length: 12 }, (_, index) => put(row(`${index}`, { x: bytes(390 * 1024) }))),
  ),
  refused(
    'a condition that cannot be read is refused',
    'Syntax error',
    put(row('c'), { ConditionExpression: 'nonsense' }),
  ),
  refused('a check without a condition is refused', '', (TableName) => ({
    ConditionCheck: { TableName, Key: key('a'), ConditionExpression: undefined },
  })),
  refused('a wrong key is refused', '', (TableName) => ({ Delete: { TableName, Key: { pk: S('p') } } })),
  {
    promise: 'an action on a table that is not there is refused',
    page: API,
    given: GIVEN,
    command: () => new TransactWriteItemsCommand({ TransactItems: [put(row('c'))('nowhere')] }),
    refuses: { name: 'ResourceNotFoundException' },
  },
  {
    promise: 'each item costs two write units for each KB begun',
    page: CAPACITY,
    given: GIVEN,
    command: all(put(row('c', { x: bytes(2048) })), update('a', 'ADD n :v', one), check('b', 'attribute_exists(pk)')),
    answers: (TableName) => ({ ConsumedCapacity: [{ TableName, CapacityUnits: 10, WriteCapacityUnits: 10 }] }),
    notOnLocal: LOCAL_DOUBLES,
  },
];
