import { validationException } from './exceptions.ts';

/**
 * A number as DynamoDB keeps it: `digits × 10^exponent`, without trailing zeros in `digits`. Never a float.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
 */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const NUMBER = /^([+-]?)(?=\d|\.\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;
const MAX_DIGITS = 38;
const MAX_MAGNITUDE = 125;
const MIN_MAGNITUDE = -130;

/**
 * Reads the text of an attribute value of type N.
 *
 * @throws ValidationException when it is no number, or has more than 38 digits or a magnitude beyond 1E-130…9.9E+125
 */
export function parseDecimal(text: string): Decimal {
  const match = NUMBER.exec(text);
  if (!match) {
    throw validationException(`The parameter cannot be converted to a numeric value${text === '' ? '' : `: ${text}`}`);
  }
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(`${whole}${fraction}` || '0') * (sign === '-' ? -1n : 1n);
  return checked(normalized(digits, Number(exponent) - fraction.length));
}

/** The text by which DynamoDB answers: plain digits, without an exponent or superfluous zeros. */
export function formatDecimal({ digits, exponent }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const text = absolute(digits).toString();
  if (exponent >= 0) return sign + text + '0'.repeat(exponent);
  const padded = text.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

/** @throws ValidationException when the sum needs more than 38 digits or is beyond the range */
export function add(left: Decimal, right: Decimal): Decimal {
  const exponent = Math.min(left.exponent, right.exponent);
  return checked(normalized(scaled(left, exponent) + scaled(right, exponent), exponent));
}

/** @throws ValidationException when the difference needs more than 38 digits or is beyond the range */
export function subtract(left: Decimal, right: Decimal): Decimal {
  return add(left, { digits: -right.digits, exponent: right.exponent });
}

/** Negative, 0 or positive, as the left number is less than, equal to or greater than the right one. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const exponent = Math.min(left.exponent, right.exponent);
  const difference = scaled(left, exponent) - scaled(right, exponent);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** How many significant digits the number has: 0 for zero. */
export function significantDigits({ digits }: Decimal): number {
  return digits === 0n ? 0 : absolute(digits).toString().length;
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}

function normalized(digits: bigint, exponent: number): Decimal {
  if (digits === 0n) return { digits, exponent: 0 };
  const text = digits.toString();
  const zeros = text.length - text.replace(/0+$/, '').length;
  return { digits: BigInt(text.slice(0, text.length - zeros)), exponent: exponent + zeros };
}

function checked(decimal: Decimal): Decimal {
  const count = significantDigits(decimal);
  if (count === 0) return decimal;
  const magnitude = decimal.exponent + count - 1;
  if (magnitude > MAX_MAGNITUDE) {
    throw validationException(
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    );
  }
  if (magnitude < MIN_MAGNITUDE) {
    throw validationException(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
  if (count > MAX_DIGITS) {
    throw validationException(`Attempting to store more than ${MAX_DIGITS} significant digits in a Number`);
  }
  return decimal;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
