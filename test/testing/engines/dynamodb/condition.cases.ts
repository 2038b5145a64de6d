import { type AttributeValue, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type DynamoDbCase, key, L, M, N, type Row, row, S } from './case.ts';

const FUNCTIONS = 'developerguide/Expressions.OperatorsAndFunctions.html';
const ATTRIBUTES = 'developerguide/Expressions.Attributes.html';
const NAMES = 'developerguide/Expressions.ExpressionAttributeNames.html';
const VALUES = 'developerguide/Expressions.ExpressionAttributeValues.html';
const RESERVED = 'developerguide/ReservedWords.html';

/** A row with a column of each type, on which the conditions are tried. */
const ROW = row('a', {
  n: N(5),
  s: S('héllo'),
  b: { B: new Uint8Array([1, 2, 3]) },
  yes: { BOOL: true },
  nil: { NULL: true },
  ss: { SS: ['a', 'b'] },
  ns: { NS: ['1', '2'] },
  l: L(S('x'), N(2), M({ y: S('z') })),
  m: M({ x: N(1), nested: L(M({ y: S('deep') })) }),
});

type Values = Readonly<Record<string, AttributeValue>>;

function conditional(ConditionExpression: string, values?: Values, names?: Readonly<Record<string, string>>) {
  return (TableName: string) =>
    new UpdateItemCommand({
      TableName,
      Key: key('a'),
      UpdateExpression: 'SET touched = nil',
      ConditionExpression,
      ...(values && { ExpressionAttributeValues: { ...values } }),
      ...(names && { ExpressionAttributeNames: { ...names } }),
    });
}

function holds(
  promise: string,
  condition: string,
  values?: Values,
  names?: Readonly<Record<string, string>>,
): DynamoDbCase {
  const touched: Row = { ...ROW, touched: { NULL: true } };
  return { promise, page: FUNCTIONS, given: [ROW], command: conditional(condition, values, names), leaves: [touched] };
}

function fails(promise: string, condition: string, values?: Values): DynamoDbCase {
  const refuses = { name: 'ConditionalCheckFailedException', message: 'The conditional request failed' };
  return { promise, page: FUNCTIONS, given: [ROW], command: conditional(condition, values), refuses };
}

function refused(
  message: string,
  condition: string,
  values?: Values,
  names?: Readonly<Record<string, string>>,
  page = FUNCTIONS,
): DynamoDbCase {
  return {
    promise: `refused: ${condition || 'an empty condition'} (${message})`,
    page,
    given: [ROW],
    command: conditional(condition, values, names),
    refuses: { name: 'ValidationException', message },
  };
}

const incorrectType = (operator: string, type: string) =>
  `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`;

export const CONDITION_CASES: readonly DynamoDbCase[] = [
  holds('numbers are equal by value', 'n = :v', { ':v': N('5.00') }),
  holds('sets are equal in any order', 'ss = :v', { ':v': { SS: ['b', 'a'] } }),
  holds('documents are equal by their contents', 'm = :v', {
    ':v': M({ nested: L(M({ y: S('deep') })), x: N('1.0') }),
  }),
  holds('null is equal to null', 'nil = :v', { ':v': { NULL: true } }),
  holds('true is equal to true', 'yes = :v', { ':v': { BOOL: true } }),
  fails('lists are equal in order only', 'l = :v', { ':v': L(N(2), S('x'), M({ y: S('z') })) }),
  fails('values of two types are not equal', 's = :v', { ':v': N(5) }),
  holds('values of two types are different', 's <> :v', { ':v': N(5) }),
  fails('values of two types have no order', 's < :v', { ':v': N(5) }),
  fails('what is missing is equal to nothing', 'zz = :v', { ':v': N(5) }),
  holds('what is missing is different from everything', 'zz <> :v', { ':v': N(5) }),
  holds('what is missing is not equal', 'NOT zz = :v', { ':v': N(5) }),
  fails('what is missing has no order', 'zz >= :v', { ':v': N(5) }),
  holds('a number of 38 digits keeps them all', 'n < :v', { ':v': N('5.0000000000000000000000000000000000001') }),
  holds('numbers have the order of their values', 'n < :v', { ':v': N(10) }),
  holds('texts have the order of their bytes', 's > :v', { ':v': S('Z') }),
  holds('binaries have the order of their bytes', 'b < :v', { ':v': { B: new Uint8Array([1, 200]) } }),
  holds('both sides may be columns', 'm.x < n'),
  holds('both sides may be values', ':v = :w', { ':v': N(1), ':w': N('1.0') }),
  holds('bounds of BETWEEN are within', 'n BETWEEN :five AND :five', { ':five': N(5) }),
  fails('beyond a bound of BETWEEN is outside', 'n BETWEEN :six AND :nine', { ':six': N(6), ':nine': N(9) }),
  holds('a bound may be a column', 'n BETWEEN m.x AND :five', { ':five': N(5) }),
  holds('one of IN is enough', 'n IN (:one, :five)', { ':one': N(1), ':five': N(5) }),
  fails('none of IN is too little', 'n IN (:one)', { ':one': N(1) }),
  holds('AND binds more tightly than OR', 'n = :five OR n = :one AND n = :one', { ':one': N(1), ':five': N(5) }),
  fails('parentheses bind first', '(n = :five OR n = :one) AND n = :one', { ':one': N(1), ':five': N(5) }),
  fails('NOT binds more tightly than AND', 'NOT n = :five AND n = :five', { ':five': N(5) }),
  holds('keywords are the same in small letters', 'not n = :one and (n in (:five) or n between :one and :one)', {
    ':one': N(1),
    ':five': N(5),
  }),
  holds('NOT may be repeated', 'NOT NOT n = :five', { ':five': N(5) }),
  holds('operands may stand in parentheses', '(n) = (:five)', { ':five': N(5) }),
  holds('a path leads into maps and lists', 'm.nested[0].y = :v', { ':v': S('deep') }),
  holds('spaces in a path do not matter', 'm . nested [ 0 ] . y = :v', { ':v': S('deep') }),
  fails('a path that leads nowhere is missing', 'm.nested[1].y = :v', { ':v': S('deep') }),
  fails('a path into a number is missing', 'n.x = :v', { ':v': N(5) }),
  holds('names may be placeholders', '#m.#x = :v', { ':v': N(1) }, { '#m': 'm', '#x': 'x' }),
  {
    ...fails('a placeholder with a dot is one name', '#m = :v', { ':v': N(1) }),
    page: NAMES,
    command: conditional('#m = :v', { ':v': N(1) }, { '#m': 'm.x' }),
  },
  holds('attribute_exists: what is there, even null', 'attribute_exists(nil) AND attribute_exists(m.nested[0])'),
  holds('attribute_not_exists: what is not', 'attribute_not_exists(zz) AND attribute_not_exists(l[3])'),
  fails('attribute_exists: not what is missing', 'attribute_exists(zz)'),
  holds('attribute_type: the type', 'attribute_type(ss, :ss) AND attribute_type(nil, :null)', {
    ':ss': S('SS'),
    ':null': S('NULL'),
  }),
  fails('attribute_type: of nothing that is missing', 'attribute_type(zz, :n)', { ':n': S('N') }),
  holds('begins_with: texts', 'begins_with(s, :v)', { ':v': S('hé') }),
  holds('begins_with: binaries', 'begins_with(b, :v)', { ':v': { B: new Uint8Array([1, 2]) } }),
  fails('begins_with: no number', 'begins_with(n, :v)', { ':v': S('5') }),
  holds('contains: a part of a text', 'contains(s, :v)', { ':v': S('llo') }),
  holds('contains: a part of a binary', 'contains(b, :v)', { ':v': { B: new Uint8Array([2, 3]) } }),
  holds('contains: an element of a set', 'contains(ss, :a) AND contains(ns, :one)', { ':a': S('a'), ':one': N('1.0') }),
  holds('contains: an element of a list', 'contains(l, :two) AND contains(l, :map)', {
    ':two': N(2),
    ':map': M({ y: S('z') }),
  }),
  fails('contains: not a part of a set element', 'contains(ss, :v)', { ':v': S('') }),
  fails('contains: nothing in a number', 'contains(n, :v)', { ':v': N(5) }),
  fails('contains: no key of a map', 'contains(m, :v)', { ':v': S('x') }),
  holds(
    'size: characters, bytes, elements',
    'size(s) = :5 AND size(b) = :3 AND size(l) = :3 AND size(m) = :2 AND size(ss) = :2',
    {
      ':5': N(5),
      ':3': N(3),
      ':2': N(2),
    },
  ),
  fails('size: a number has none', 'size(n) = :1', { ':1': N(1) }),
  fails('size: nor has what is missing', 'size(zz) = :0', { ':0': N(0) }),
  holds('size: of a value too', 'size(:v) = m.x', { ':v': S('x') }),

  refused('The expression can not be empty', ''),
  refused('Syntax error; token: "<EOF>", near: "n"', 'n'),
  refused('Syntax error; token: "<EOF>", near: "AND"', 'n = :v AND', { ':v': N(5) }),
  refused('Syntax error; token: "n", near: ":v n"', 'n = :v n', { ':v': N(5) }),
  refused('Syntax error; token: "5", near: "= 5"', 'n = 5'),
  refused('Syntax error; token: "1", near: "1n"', '1n = :v', { ':v': N(5) }),
  refused('Syntax error; token: "$", near: "$n"', '$n = :v', { ':v': N(5) }),
  refused('Syntax error; token: "0", near: "00]"', 'l[00] = :v', { ':v': N(5) }),
  refused('Syntax error; token: ")", near: "()"', 'n IN ()'),
  refused('The expression has redundant parentheses', '((n = :v))', { ':v': N(5) }),
  refused('Invalid function name; function: foo', 'foo(n)'),
  refused('Invalid function name; function: ATTRIBUTE_EXISTS', 'ATTRIBUTE_EXISTS(n)'),
  refused('function: size', 'size(s)'),
  refused('function: attribute_exists', 'attribute_exists(n) = :v', { ':v': { BOOL: true } }),
  refused('number of operands: 1', 'begins_with(s)'),
  refused('Operator or function requires a document path', 'attribute_exists(:v)', { ':v': N(5) }),
  refused(incorrectType('<', 'BOOL'), 'n < :v', { ':v': { BOOL: true } }),
  refused(incorrectType('<', 'SS'), 'n < :v', { ':v': { SS: ['a'] } }),
  refused(incorrectType('BETWEEN', 'BOOL'), 'n BETWEEN :v AND :v', { ':v': { BOOL: true } }),
  refused(incorrectType('begins_with', 'N'), 'begins_with(s, :v)', { ':v': N(5) }),
  refused(incorrectType('size', 'N'), 'size(:v) = :v', { ':v': N(5) }),
  refused('Invalid attribute type name found; type: Q', 'attribute_type(n, :v)', { ':v': S('Q') }),
  refused('upper bound to be greater than or equal to lower bound', 'n BETWEEN :b AND :a', { ':a': N(1), ':b': N(2) }),
  refused('same data type for lower and upper bounds', 'n BETWEEN :a AND :b', { ':a': S('1'), ':b': N(2) }),
  refused('The first operand must be distinct', 'n = n'),
  refused('The first operand must be distinct', 'm.x IN (n, m.x)'),
  refused('reserved keyword: status', 'status = :v', { ':v': N(5) }, undefined, RESERVED),
  refused('reserved keyword: name', 'm.name = :v', { ':v': N(5) }, undefined, RESERVED),
  refused('attribute value: :v', 'n = :v', { ':w': N(5) }, undefined, VALUES),
  refused('attribute name: #n', '#n = :v', { ':v': N(5) }, undefined, NAMES),
  refused('unused in expressions: keys: {:w}', 'n = :v', { ':v': N(5), ':w': N(6) }, undefined, VALUES),
  refused('unused in expressions: keys: {#x}', 'n = :v', { ':v': N(5) }, { '#x': 'x' }, NAMES),
  refused('ExpressionAttributeValues must not be empty', 'attribute_exists(n)', {}, undefined, VALUES),
  refused('ExpressionAttributeNames must not be empty', 'attribute_exists(n)', undefined, {}, NAMES),
  refused('Syntax error; key: "v"', 'n = :v', { v: N(5) }, undefined, VALUES),
  refused(
    'must contain exactly one of the supported datatypes for key :v',
    'n = :v',
    { ':v': {} as AttributeValue },
    undefined,
    VALUES,
  ),
  refused('An string set  may not be empty for key :v', 'n = :v', { ':v': { SS: [] } }, undefined, ATTRIBUTES),
  refused('contains duplicates', 'n = :v', { ':v': { SS: ['a', 'a'] } }, undefined, ATTRIBUTES),
  refused(
    'must have the value of true',
    'n = :v',
    { ':v': { NULL: false } as unknown as AttributeValue },
    undefined,
    ATTRIBUTES,
  ),
];
