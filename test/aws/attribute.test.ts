import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromItem, toItem } from '../../lib/aws/attribute.ts';

/** The SDK takes a row with a column `constructor` for an instance of a class. */
const column = fc.string({ minLength: 1 }).filter((name) => name !== 'constructor' && name !== '__proto__');

/** Whatever number DynamoDB holds; it knows no negative zero. */
const number = fc
  .double({ noDefaultInfinity: true, noNaN: true })
  .map((given) => (tooSmall(given) ? 0 : limited(given)));
const whole = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n });

const cell = fc.letrec((tie) => ({
  cell: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.maxSafeInteger(),
    fc
      .double({ noDefaultInfinity: true, noNaN: true, min: -1e9, max: 1e9 })
      .map((given) => (tooSmall(given) ? 0 : given)),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    whole,
    fc.uint8Array(),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((texts) => new Set(texts)),
    fc.uniqueArray(fc.maxSafeInteger(), { minLength: 1 }).map((numbers) => new Set(numbers)),
    fc.array(
      tie('cell').filter((one) => one !== undefined),
      { maxLength: 3 },
    ),
    fc.dictionary(column, tie('cell'), { maxKeys: 3, noNullPrototype: true }),
    fc.dictionary(column, tie('cell'), { maxKeys: 3 }).map((entries) => new Map(Object.entries(entries))),
  ),
})).cell;

function tooSmall(given: number): boolean {
  return Math.abs(given) < 1e-130;
}

function limited(given: number): number {
  return Math.abs(given) < 1e126 ? given : Math.sign(given) * 9.9e125;
}

describe('an item', () => {
  test('is what the SDK makes of the same row', () => {
    fc.assert(
      fc.property(fc.dictionary(column, cell, { noNullPrototype: true }), (row) => {
        expect(toItem(row)).toEqual(marshall(row, { removeUndefinedValues: true }));
      }),
    );
  });

  test('may have a column of any name but __proto__', () => {
    expect(toItem({ constructor: 'a' })).toEqual({ constructor: { S: 'a' } });
    expect(() => toItem(JSON.parse('{"a":{"__proto__":{"b":1}}}'), 'stock')).toThrow(
      "'stock' has a column '__proto__' at a",
    );
  });
});

class Money {
  readonly amount = 4711;
}

const nested = (levels: number): unknown => (levels === 0 ? {} : { inner: nested(levels - 1) });

const circle: Record<string, unknown> = {};
circle.inner = circle;

const UNSTORABLE: readonly [what: string, value: unknown][] = [
  ['a Date', new Date(4711)],
  ['a Money', new Money()],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a number beyond 1e-130 to 9.9e125', 1e126],
  ['a number beyond 1e-130 to 9.9e125', -5e-324],
  ['a Set', new Set()],
  ['a Set', new Set([{}])],
  ['a Set', new Set([1, Number.NaN])],
  ['a function', () => 4711],
  ['a symbol', Symbol('4711')],
];

describe('what no row can hold', () => {
  /** Ways from a row to a cell, and how an error names them. */
  const place = fc.array(fc.constantFrom('at', 'lines', 'total', 0, 1, 2), { maxLength: 5 });
  const put = (path: readonly (string | number)[], value: unknown): unknown => {
    const [key, ...rest] = path;
    if (key === undefined) return value;
    return typeof key === 'number'
      ? [...Array(key).fill('x'), put(rest, value)]
      : { other: 1, [key]: put(rest, value) };
  };

  test('is refused by table, column and path, and never quoted', () => {
    fc.assert(
      fc.property(fc.constantFrom(...UNSTORABLE), place, ([what, value], path) => {
        const row = put(['column', ...path], value) as object;
        const field = ['column', ...path].join('.');
        expect(() => toItem(row, 'stock')).toThrow(
          expect.objectContaining({
            code: 'invalid-payload',
            fields: [field],
            message: expect.stringContaining(`'stock' has ${what} at ${field}: rows hold `),
          }),
        );
        expect(() => toItem(row, 'stock')).not.toThrow('4711');
      }),
    );
  });

  test.each([
    ['undefined in a list', [1, undefined], 'undefined at column.1'],
    ['a hole of a list', Array(1), 'undefined at column.0'],
    ['a Date in a map', new Map([['at', new Date(0)]]), 'a Date at column.at'],
    ['too many levels', nested(33), 'more than 32 levels at column'],
    ['a cycle', circle, 'more than 32 levels at column'],
  ])('is refused: %s', (_, value, said) => {
    expect(() => toItem({ column: value })).toThrow(said);
  });

  test('is refused as a whole row', () => {
    expect(() => toItem(new Money(), 'stock')).toThrow("'stock' has a Money: rows hold");
  });
});

/** As DynamoDB answers: plain digits. */
function plain(text: string): string {
  const [, sign, first, rest = '', power] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (first === undefined) return text;
  const digits = first + rest;
  const point = 1 + Number(power);
  return point > 0
    ? sign + digits.padEnd(point, '0').replace(new RegExp(`^(.{${point}})(.)`), '$1.$2')
    : `${sign}0.${'0'.repeat(-point)}${digits}`;
}

describe('a number of a row', () => {
  test('is read as it was written, however small or large', () => {
    fc.assert(
      fc.property(number, (given) => {
        const text = toItem({ column: given }).column?.N ?? '';
        expect(fromItem({ column: { N: plain(text) } })).toEqual({ column: given === 0 ? 0 : given });
      }),
    );
  });

  test('that a number does not hold exactly is read as a BigInt, of every digit', () => {
    fc.assert(
      fc.property(whole, (given) => {
        const { column } = fromItem({ column: { N: String(given) } });
        expect(typeof column === 'bigint' ? column : BigInt(plain(String(column)))).toBe(given);
      }),
    );
  });

  test.each([
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9007199254740994', 9007199254740994],
    ['1000000000000000000000', 1e21],
    ['-1000000000000000000000', -1e21],
    ['12345678901234567890.5', Number('12345678901234567890.5')],
    ['9007199254740993.5', Number('9007199254740993.5')],
    ['0.10000000000000000000000000000000000001', 0.1],
  ])('is readable: %s', (text, value) => {
    expect(fromItem({ column: { N: text }, set: { NS: [text] } })).toEqual({ column: value, set: new Set([value]) });
  });

  test('is a BigInt in a column of BigInts, whatever its size', () => {
    fc.assert(
      fc.property(whole, (given) => {
        const item = toItem({ id: given, ids: new Set([given]), other: 1 });
        expect(fromItem(item, ['id', 'ids', 'absent'])).toEqual({ id: given, ids: new Set([given]), other: 1 });
      }),
    );
  });
});
