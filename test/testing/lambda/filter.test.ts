import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidMapping } from '../../../lib/testing/lambda/errors.ts';
import { matchesAny } from '../../../lib/testing/lambda/filter.ts';

const matches = (value: unknown, rule: unknown) => matchesAny({ body: { value } }, [{ body: { value: [rule] } }]);

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
describe('a comparison', () => {
  test.each([
    ['a', 'a', true],
    ['a', 'b', false],
    [null, null, true],
    [undefined, null, false],
    ['orders', { prefix: 'ord' }, true],
    ['orders', { suffix: 'ord' }, false],
    ['Orders', { 'equals-ignore-case': 'oRDERS' }, true],
    ['a', { 'anything-but': 'a' }, false],
    ['b', { 'anything-but': ['a', 'c'] }, true],
    [3, { 'anything-but': [3] }, false],
    [undefined, { 'anything-but': ['a'] }, false],
    ['a', { exists: true }, true],
    [null, { exists: true }, true],
    [undefined, { exists: false }, true],
    [{ inner: 1 }, { exists: true }, false],
    [4, { numeric: ['>', 3, '<=', 4] }, true],
    [3, { numeric: ['>', 3, '<=', 4] }, false],
    ['4', { numeric: ['=', 4] }, false],
  ])('of %j with %j: %s', (value, rule, expected) => {
    expect(matches(value, rule)).toBe(expected);
  });

  test.each([
    { 'anything-but': { prefix: 'a' } },
    { 'anything-but': { suffix: 'a' } },
    { 'anything-but': { 'equals-ignore-case': ['a'] } },
    { 'anything-but': [{ prefix: 'a' }] },
    { prefix: { 'equals-ignore-case': 'a' } },
    { prefix: 5 },
    { exists: 'true' },
    { numeric: ['>'] },
    { numeric: ['>', '3'] },
    { numeric: ['~', 3] },
    { numeric: 3 },
    { cidr: '10.0.0.0/24' },
    { wildcard: 'a*' },
    { prefix: 'a', suffix: 'b' },
    {},
    ['a'],
  ])('that is not known is refused by name, whatever comes: %j', (rule) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => matches(value, rule)).toThrow(InvalidMapping);
      }),
      { numRuns: 20 },
    );
  });
});

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html */
describe('a pattern over a list', () => {
  test.each([
    [['a', 'b'], 'b', true],
    [['a', 'b'], 'c', false],
    [[['a'], 'b'], 'a', true],
    [['orders', 'x'], { prefix: 'ord' }, true],
    [['x'], { prefix: 'ord' }, false],
    [[1, 5], { numeric: ['>', 3] }, true],
    [['a'], { exists: true }, true],
    [[], 'a', false],
  ])('asks whether an element satisfies it: %j, %j', (value, rule, expected) => {
    expect(matches(value, rule)).toBe(expected);
  });

  test('asks one element for all that it says of objects', () => {
    const lines = [
      { sku: 'a', quantity: 1 },
      { sku: 'b', quantity: 5 },
    ];
    const pattern = (sku: string, over: number) => ({ lines: { sku: [sku], quantity: [{ numeric: ['>', over] }] } });
    expect(matchesAny({ lines }, [pattern('b', 3)])).toBe(true);
    expect(matchesAny({ lines }, [pattern('a', 3)])).toBe(false);
  });

  test('is refused for `anything-but`, which says nothing of a list that has both', () => {
    expect(() => matches(['a', 'b'], { 'anything-but': ['a'] })).toThrow(/over a list/);
  });
});
