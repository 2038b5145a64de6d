import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atLeast, oneOf } from '../../lib/aws/condition.ts';
import { Expression, toItem } from '../../lib/aws/expression.ts';

/** The SDK takes a row with a column `constructor` for an instance of a class. */
const column = fc.string({ minLength: 1 }).filter((name) => name !== 'constructor');

const cell = fc.letrec((tie) => ({
  cell: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.maxSafeInteger(),
    fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e9, max: 1e9 }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.bigInt(),
    fc.uint8Array(),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((texts) => new Set(texts)),
    fc.array(tie('cell'), { maxLength: 3 }),
    fc.dictionary(column, tie('cell'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).cell;

describe('an item', () => {
  test('is what the SDK makes of the same row', () => {
    const row = fc.dictionary(column, cell, { noNullPrototype: true });
    fc.assert(
      fc.property(row, (value) => {
        expect(toItem(value)).toEqual(marshall(value, { removeUndefinedValues: true }));
      }),
    );
  });

  test.each([
    ['a number beyond what a double holds exactly', 2 ** 53],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['an instance of a class', new Date(0)],
    ['an empty set', new Set()],
  ])('is refused where a column holds %s', (_, value) => {
    expect(() => toItem({ column: value })).toThrow();
    expect(() => toItem({ nested: { column: value } })).toThrow();
  });
});

describe('an expression', () => {
  test('names each column once and each value on its own', () => {
    const expression = new Expression();
    const text = expression.condition('id', { state: 'open', size: atLeast(2), kind: oneOf('a', 'b') });
    expect(`${text} AND ${expression.name('state')} <> ${expression.value('open')}`).toBe(
      '#n0 = :v0 AND #n1 >= :v1 AND #n2 IN (:v2, :v3) AND #n0 <> :v4',
    );
    expect(expression.attributes()).toEqual({
      ExpressionAttributeNames: { '#n0': 'state', '#n1': 'size', '#n2': 'kind' },
      ExpressionAttributeValues: {
        ':v0': { S: 'open' },
        ':v1': { N: '2' },
        ':v2': { S: 'a' },
        ':v3': { S: 'b' },
        ':v4': { S: 'open' },
      },
    });
  });

  test('without names and values adds nothing to a request', () => {
    expect(new Expression().attributes()).toEqual({});
  });

  test.each([undefined, () => 0])('refuses %s as a value', (value) => {
    expect(() => new Expression().value(value)).toThrow(TypeError);
  });
});
