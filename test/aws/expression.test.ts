import { expect, test } from 'vitest';
import { atLeast, oneOf } from '../../lib/aws/condition.ts';
import { Expression } from '../../lib/aws/expression.ts';

test('an expression names each column once and each value on its own', () => {
  const expression = new Expression('stock');
  const text = expression.condition('id', { state: 'open', size: atLeast(2), kind: oneOf('a', 'b') });
  expect(`${text} AND ${expression.name('state')} <> ${expression.value('state', 'open')}`).toBe(
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

test('an expression without names and values adds nothing to a request', () => {
  expect(new Expression('stock').attributes()).toEqual({});
});

test.each([undefined, () => 0])('an expression refuses %s as a value, by its column', (value) => {
  expect(() => new Expression('stock').value('size', value)).toThrow(/'stock' has .* at size/);
});
