import { type AttributeValue, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { type DynamoDbCase, key, L, M, N, type Row, row, S } from './case.ts';

const UPDATES = 'developerguide/Expressions.UpdateExpressions.html';
const NUMBERS = 'developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number';
const API = 'APIReference/API_UpdateItem.html';

const COLUMNS: Row = {
  n: N(5),
  s: S('x'),
  l: L(S('a'), S('b'), S('c')),
  m: M({ x: N(1) }),
  ss: { SS: ['a', 'b'] },
  ns: { NS: ['1'] },
};

type Values = Readonly<Record<string, AttributeValue>>;

function update(UpdateExpression: string | undefined, values?: Values, more: Partial<UpdateItemCommandInput> = {}) {
  return (TableName: string) =>
    new UpdateItemCommand({
      TableName,
      Key: key('a'),
      UpdateExpression,
      ...(values && { ExpressionAttributeValues: { ...values } }),
      ...more,
    });
}

/** Columns of `undefined` are gone. */
function leaves(
  promise: string,
  expression: string,
  values: Values | undefined,
  changed: Readonly<Record<string, AttributeValue | undefined>>,
  given: Row = COLUMNS,
): DynamoDbCase {
  const after = Object.entries({ ...given, ...changed }).filter(
    (entry): entry is [string, AttributeValue] => entry[1] !== undefined,
  );
  return {
    promise,
    page: UPDATES,
    given: [row('a', given)],
    command: update(expression, values),
    leaves: [row('a', Object.fromEntries(after))],
  };
}

function refused(
  message: string,
  expression: string,
  values?: Values,
  given: Row = COLUMNS,
  page = UPDATES,
): DynamoDbCase {
  return {
    promise: `refused: ${expression || 'an empty update'} (${message})`,
    page,
    given: [row('a', given)],
    command: update(expression, values),
    refuses: { name: 'ValidationException', message },
  };
}

function returns(
  wanted: UpdateItemCommandInput['ReturnValues'],
  expression: string,
  values: Values,
  Attributes: Row | undefined,
): DynamoDbCase {
  return {
    promise: `ReturnValues ${wanted} of ${expression}`,
    page: API,
    given: [row('a', { n: N(5), m: M({ x: N(1), y: N(2) }) })],
    command: update(expression, values, { ReturnValues: wanted }),
    answers: () => ({ Attributes }),
  };
}

const one: Values = { ':v': N(1) };
const MANY = '99999999999999999999999999999999999999';

export const UPDATE_CASES: readonly DynamoDbCase[] = [
  leaves('SET gives a column a value', 'SET q = :v', one, { q: N(1) }),
  leaves('SET replaces a value of another type', 'SET s = :v', one, { s: N(1) }),
  leaves('SET adds and subtracts', 'SET n = n + :v, q = n - :v', one, { n: N(6), q: N(4) }),
  leaves('the right-hand side is the row as it was', 'SET n = s, s = n', undefined, { n: S('x'), s: N(5) }),
  leaves('if_not_exists keeps what is there', 'SET n = if_not_exists(n, :v), q = if_not_exists(q, :v) + :v', one, {
    q: N(2),
  }),
  leaves(
    'list_append joins in the order given',
    'SET l = list_append(:v, l)',
    { ':v': L(N(1)) },
    { l: L(N(1), S('a'), S('b'), S('c')) },
  ),
  leaves('SET changes an entry of a map', 'SET m.x = m.x + :v, m.y = :v', one, { m: M({ x: N(2), y: N(1) }) }),
  leaves('SET changes an element of a list', 'SET l[1] = :v', one, { l: L(S('a'), N(1), S('c')) }),
  leaves(
    'SET beyond the end appends in the order of the indexes',
    'SET l[9] = :nine, l[7] = :seven',
    { ':nine': N(9), ':seven': N(7) },
    { l: L(S('a'), S('b'), S('c'), N(7), N(9)) },
  ),
  leaves('parentheses may stand around a sum', 'SET q = (n + :v)', one, { q: N(6) }),
  leaves('REMOVE takes columns away', 'REMOVE n, m.x, zz', undefined, { n: undefined, m: M({}) }),
  leaves('REMOVE counts elements as they were', 'REMOVE l[0], l[2]', undefined, { l: L(S('b')) }),
  leaves('REMOVE beyond the end does nothing', 'REMOVE l[9]', undefined, {}),
  leaves('ADD grows a number', 'ADD n :v, m.x :v', one, { n: N(6), m: M({ x: N(2) }) }),
  leaves('ADD starts from 0', 'ADD q :v, m.y :v', one, { q: N(1), m: M({ x: N(1), y: N(1) }) }),
  leaves(
    'ADD joins sets',
    'ADD ss :v, ns :w',
    { ':v': { SS: ['b', 'c'] }, ':w': { NS: ['1.0', '2'] } },
    { ss: { SS: ['a', 'b', 'c'] }, ns: { NS: ['1', '2'] } },
  ),
  leaves('DELETE takes elements from a set', 'DELETE ss :v', { ':v': { SS: ['b', 'z'] } }, { ss: { SS: ['a'] } }),
  leaves('a set with nothing left is gone', 'DELETE ns :v', { ':v': { NS: ['1', '2'] } }, { ns: undefined }),
  leaves('DELETE from nothing does nothing', 'DELETE zz :v', { ':v': { NS: ['1'] } }, {}),
  leaves('sections come in any order and case', 'remove s add n :v set q = :v', one, {
    s: undefined,
    n: N(6),
    q: N(1),
  }),
  {
    ...leaves(
      'integers have 38 digits',
      'ADD n :v',
      one,
      { n: N('100000000000000000000000000000000000000') },
      { n: N(MANY) },
    ),
    page: NUMBERS,
  },
  { ...leaves('fractions are exact', 'ADD n :v', { ':v': N('0.2') }, { n: N('0.3') }, { n: N('0.1') }), page: NUMBERS },
  {
    ...leaves('numbers are kept without superfluous zeros', 'SET n = :v', { ':v': N('-0012.3400e2') }, { n: N(-1234) }),
    page: NUMBERS,
    notOnLocal: 'DynamoDB Local keeps the text of an assigned number',
  },
  {
    promise: 'an update of a row that is not there makes one',
    page: API,
    command: update('ADD n :v', one),
    leaves: [row('a', { n: N(1) })],
  },
  {
    promise: 'even an update that sets nothing makes one',
    page: API,
    command: update('REMOVE n'),
    leaves: [row('a')],
  },
  {
    promise: 'a condition is asked of a row that is not there too',
    page: API,
    command: update('SET n = :v', one, { ConditionExpression: 'attribute_exists(pk)' }),
    refuses: { name: 'ConditionalCheckFailedException' },
  },
  {
    promise: 'a condition that failed shows the row, when asked',
    page: API,
    given: [row('a', { n: N(5) })],
    command: update('SET n = :v', one, {
      ConditionExpression: 'n = :v',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    refuses: { name: 'ConditionalCheckFailedException', Item: row('a', { n: N(5) }) },
  },
  returns('ALL_OLD', 'SET n = :v', one, row('a', { n: N(5), m: M({ x: N(1), y: N(2) }) })),
  returns('ALL_NEW', 'SET n = :v', one, row('a', { n: N(1), m: M({ x: N(1), y: N(2) }) })),
  returns('UPDATED_OLD', 'SET n = :v', one, { n: N(5) }),
  returns('UPDATED_NEW', 'SET m.x = n - :v', one, { m: M({ x: N(4) }) }),
  returns('UPDATED_OLD', 'SET q = :v', one, undefined),

  refused('The expression can not be empty', ''),
  refused('Syntax error; token: "=", near: "== :v"', 'SET q == :v', one),
  refused('Syntax error; token: "<EOF>", near: ","', 'SET q = :v,', one),
  refused('Syntax error; token: "+", near: ":v + :v"', 'SET q = n + :v + :v', one),
  refused('The "SET" section can only be used once', 'SET q = :v SET r = :v', one),
  refused('overlap with each other', 'SET q = :v, q = :v', one),
  refused('path one: [m, x], path two: [m]', 'SET m.x = :v REMOVE m', one),
  refused('conflict with each other', 'SET m.x = :v, m[0] = :v', one),
  refused('The first operand must be distinct', 'SET q = if_not_exists(n, n)'),
  refused('refers to an attribute that does not exist in the item', 'SET q = zz'),
  refused('The document path provided in the update expression is invalid for update', 'SET zz.x = :v', one),
  refused('The document path provided in the update expression is invalid for update', 'SET s.x = :v', one),
  refused('The document path provided in the update expression is invalid for update', 'REMOVE zz.x'),
  refused('An operand in the update expression has an incorrect data type', 'ADD s :v', one),
  refused('An operand in the update expression has an incorrect data type', 'SET q = s + :v', one),
  refused('operator or function: -, operand type: S', 'SET q = n - :v', { ':v': S('1') }),
  refused('operator or function: list_append, operand type: S', 'SET l = list_append(l, :v)', { ':v': S('1') }),
  refused('operand type', 'ADD q :v', { ':v': S('1') }),
  refused('operand type', 'DELETE n :v', one),
  refused('This attribute is part of the key', 'SET sk = :v', { ':v': S('b') }),
  refused('reserved keyword: count', 'ADD count :v', one),
  refused('', 'ADD n :v', { ':v': N('0.1') }, { n: N(MANY) }, NUMBERS),
  refused('Number overflow', 'ADD n :v', { ':v': N('9.9e125') }, { n: N(`99${'0'.repeat(124)}`) }, NUMBERS),
  refused('Number overflow', 'SET n = :v', { ':v': N('1e126') }, COLUMNS, NUMBERS),
  refused('Number underflow', 'SET n = :v', { ':v': N('1e-131') }, COLUMNS, NUMBERS),
  refused('', 'SET n = :v', { ':v': N('123456789012345678901234567890123456789') }, COLUMNS, NUMBERS),
  ...['', 'abc', '1 ', 'NaN', '0x10', '.', '1e', '--1'].map((text) =>
    refused('', 'SET n = :v', { ':v': N(text) }, COLUMNS, NUMBERS),
  ),
].map((one, index, all) => ({
  ...one,
  promise: all.findIndex(({ promise }) => promise === one.promise) === index ? one.promise : `${one.promise} #${index}`,
}));
