import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalItem } from '../../../../lib/testing/engines/dynamodb/attribute-value.ts';
import { holds } from '../../../../lib/testing/engines/dynamodb/expressions/condition.ts';
import { parseCondition } from '../../../../lib/testing/engines/dynamodb/expressions/condition-parser.ts';
import { Placeholders } from '../../../../lib/testing/engines/dynamodb/expressions/placeholders.ts';

/**
 * A reference model that shares nothing with the engine: rows are JavaScript objects, values are numbers and texts, and
 * a condition is a text together with the function that says when it holds.
 */
type Scalar = number | string;
type Model = Readonly<Record<string, Scalar | undefined>>;
interface Modelled {
  readonly text: string;
  readonly values: Readonly<Record<string, Scalar>>;
  readonly holds: (row: Model) => boolean;
}

const COLUMNS = ['a1', 'b1', 'c1'];
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('', 'a', 'ab', 'b', 'B'),
);
const row: fc.Arbitrary<Model> = fc.dictionary(fc.constantFrom(...COLUMNS), scalar, { maxKeys: 3 });
const column = fc.constantFrom(...COLUMNS);

const ORDERS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function order(one: Scalar | undefined, other: Scalar | undefined): number | undefined {
  if (one === undefined || other === undefined || typeof one !== typeof other) return undefined;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Each value has a placeholder of its own, told apart by what comes before it. */
const leaf = (name: string): fc.Arbitrary<Modelled> => {
  const value = `:${name}`;
  return fc.oneof(
    fc.tuple(column, scalar, fc.constantFrom(...Object.keys(ORDERS))).map(([key, wanted, operator]) => ({
      text: `${key} ${operator} ${value}`,
      values: { [value]: wanted },
      holds: (given: Model) => {
        const found = order(given[key], wanted);
        return found !== undefined && (ORDERS[operator] as (order: number) => boolean)(found);
      },
    })),
    fc.tuple(column, scalar).map(([key, wanted]) => ({
      text: `${key} = ${value}`,
      values: { [value]: wanted },
      holds: (given: Model) => given[key] === wanted,
    })),
    fc.tuple(column, scalar).map(([key, wanted]) => ({
      text: `${key} <> ${value}`,
      values: { [value]: wanted },
      holds: (given: Model) => given[key] !== wanted,
    })),
    fc.tuple(column, fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 })).map(([key, wanted]) => ({
      text: `${key} IN (${wanted.map((_, index) => `${value}_${index}`).join(', ')})`,
      values: Object.fromEntries(wanted.map((one, index) => [`${value}_${index}`, one])),
      holds: (given: Model) => given[key] !== undefined && wanted.includes(given[key]),
    })),
    column.map((key) => ({
      text: `attribute_exists(${key})`,
      values: {},
      holds: (given: Model) => given[key] !== undefined,
    })),
    fc.tuple(column, fc.constantFrom('', 'a', 'b')).map(([key, prefix]) => ({
      text: `begins_with(${key}, ${value})`,
      values: { [value]: prefix },
      holds: (given: Model) => typeof given[key] === 'string' && given[key].startsWith(prefix),
    })),
  );
};

/** Conditions joined without any more parentheses than the model's own reading of precedence needs. */
const condition = (depth: number, name: string): fc.Arbitrary<Modelled & { readonly level: number }> => {
  const simple = leaf(name).map((one) => ({ ...one, level: 3 }));
  if (depth === 0) return simple;
  const joined = (level: number, keyword: string, join: (left: boolean, right: boolean) => boolean) =>
    fc.tuple(condition(depth - 1, `${name}l`), condition(depth - 1, `${name}r`)).map(([left, right]) => ({
      text: `${within(left, level)} ${keyword} ${within(right, level)}`,
      values: { ...left.values, ...right.values },
      holds: (given: Model) => join(left.holds(given), right.holds(given)),
      level,
    }));
  const negated = condition(depth - 1, `${name}n`).map((one) => ({
    text: `NOT ${within(one, 2)}`,
    values: one.values,
    holds: (given: Model) => !one.holds(given),
    level: 2,
  }));
  return fc.oneof(
    simple,
    negated,
    joined(1, 'AND', (left, right) => left && right),
    joined(0, 'OR', (left, right) => left || right),
  );
};

function within({ text, level }: { readonly text: string; readonly level: number }, outer: number): string {
  return level < outer ? `(${text})` : text;
}

const attribute = (value: Scalar): AttributeValue => (typeof value === 'number' ? { N: String(value) } : { S: value });

function attributes(model: Model): Record<string, AttributeValue> {
  const there = Object.entries(model).filter((entry): entry is [string, Scalar] => entry[1] !== undefined);
  return Object.fromEntries(there.map(([name, value]) => [name, attribute(value)]));
}

test('a condition holds exactly when it holds in the reference model', () => {
  let held = 0;
  let failed = 0;
  fc.assert(
    fc.property(
      condition(3, 'v'),
      fc.array(row, { minLength: 1, maxLength: 5 }),
      ({ text, values, holds: wanted }, rows) => {
        const given = Object.keys(values).length > 0 ? { ExpressionAttributeValues: attributes(values) } : {};
        const placeholders = new Placeholders(given, [text]);
        const parsed = parseCondition('ConditionExpression', text, placeholders);
        placeholders.refuseUnused();
        for (const model of rows) {
          const expected = wanted(model);
          if (expected) held++;
          else failed++;
          expect(holds(parsed, canonicalItem(attributes(model))), `${text} of ${JSON.stringify(model)}`).toBe(expected);
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(Math.min(held, failed)).toBeGreaterThan(100);
});
