import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  add,
  compareDecimals,
  formatDecimal,
  parseDecimal,
  subtract,
} from '../../../../lib/testing/engines/dynamodb/decimal.ts';

const round = (text: string) => formatDecimal(parseDecimal(text));

/** Numbers of up to 18 digits with up to 9 of them behind the point, as whole billionths. */
const billionths = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
const decimal = (value: bigint) => parseDecimal(`${value}e-9`);

test.each([
  ['0', '0'],
  ['-0', '0'],
  ['000.000', '0'],
  ['+1', '1'],
  ['1.50', '1.5'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['1e3', '1000'],
  ['1E-3', '0.001'],
  ['-12.34e1', '-123.4'],
  ['1e125', `1${'0'.repeat(125)}`],
  ['1e-130', `0.${'0'.repeat(129)}1`],
  ['0e999999', '0'],
])('%s is kept as %s', (text, kept) => {
  expect(round(text)).toBe(kept);
});

test('what is written is read as the same number', () => {
  fc.assert(
    fc.property(billionths, (value) => {
      expect(compareDecimals(parseDecimal(formatDecimal(decimal(value))), decimal(value))).toBe(0);
      expect(round(round(`${value}e-9`))).toBe(round(`${value}e-9`));
    }),
  );
});

test('sums, differences and the order are those of exact arithmetic', () => {
  fc.assert(
    fc.property(billionths, billionths, (one, other) => {
      expect(formatDecimal(add(decimal(one), decimal(other)))).toBe(formatDecimal(decimal(one + other)));
      expect(formatDecimal(subtract(decimal(one), decimal(other)))).toBe(formatDecimal(decimal(one - other)));
      expect(Math.sign(compareDecimals(decimal(one), decimal(other)))).toBe(one < other ? -1 : one > other ? 1 : 0);
    }),
  );
});

test('a sum that would need 39 digits is refused, not rounded', () => {
  const largest = parseDecimal('9'.repeat(38));
  expect(formatDecimal(add(largest, parseDecimal('1')))).toBe(`1${'0'.repeat(38)}`);
  expect(() => add(largest, parseDecimal('0.1'))).toThrow('38 significant digits');
});
