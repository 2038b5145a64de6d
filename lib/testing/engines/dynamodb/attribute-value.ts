import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { compareDecimals, formatDecimal, parseDecimal, significantDigits } from './decimal.ts';
import { validationException } from './exceptions.ts';

/** A row, or the attributes of its key. */
export type Item = Record<string, AttributeValue>;

export type AttributeType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'L' | 'M' | 'BOOL' | 'NULL';

const TYPES: readonly AttributeType[] = ['S', 'N', 'B', 'SS', 'NS', 'BS', 'L', 'M', 'BOOL', 'NULL'];
const MAX_NESTING = 32;
const INVALID = 'One or more parameter values were invalid:';

export function typeOf(value: AttributeValue): AttributeType {
  let found: AttributeType | undefined;
  // Of each value of each row, many times over: nothing is made for it.
  for (const type of TYPES) {
    if (value[type as keyof AttributeValue] === undefined) continue;
    if (found) {
      throw validationException(
        'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
      );
    }
    found = type;
  }
  if (found) return found;
  throw validationException('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
}

/**
 * A copy of the value as DynamoDB keeps it: numbers in their canonical text, sets in a fixed order.
 *
 * @throws ValidationException when DynamoDB would refuse the value
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
export function canonical(value: AttributeValue, depth = 0): AttributeValue {
  if (depth > MAX_NESTING) throw validationException('Nesting Levels have exceeded supported limits');
  switch (typeOf(value)) {
    case 'S':
      return { S: text(value.S) };
    case 'N':
      return { N: number(value.N) };
    case 'B':
      return { B: bytes(value.B) };
    case 'SS':
      return { SS: canonicalSet('string', (value.SS ?? []).map(text), (one) => one) };
    case 'NS':
      return { NS: canonicalSet('number', (value.NS ?? []).map(number), (one) => one) };
    case 'BS':
      return { BS: canonicalSet('binary', (value.BS ?? []).map(bytes), hex) };
    case 'L':
      return { L: (value.L ?? []).map((element) => canonical(element, depth + 1)) };
    case 'M':
      return { M: canonicalItem(value.M ?? {}, depth + 1) };
    case 'BOOL':
      return { BOOL: value.BOOL === true };
    case 'NULL':
      if (value.NULL !== true)
        throw validationException(`${INVALID} Null attribute value types must have the value of true`);
      return { NULL: true };
  }
}

/** A copy of the item in canonical form. Attributes that are `undefined` are left out, as the SDK leaves them out. */
export function canonicalItem(item: Readonly<Record<string, AttributeValue | undefined>>, depth = 0): Item {
  const attributes = Object.entries(item).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined);
  for (const [name] of attributes) refuseName(name);
  return Object.fromEntries(attributes.map(([name, value]) => [name, canonical(value, depth)]));
}

const LONGEST_NAME_BYTES = 65_535;

/**
 * @throws ValidationException when no attribute may be called so
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export function refuseName(name: string): void {
  if (name === '') throw validationException(`${INVALID} Empty attribute name`);
  // A character has three bytes at most in UTF-8, for each unit of a JavaScript string.
  if (name.length > LONGEST_NAME_BYTES / 3 && Buffer.byteLength(name) > LONGEST_NAME_BYTES) {
    throw validationException(`${INVALID} Attribute name is too large, must be less than 65536 bytes`);
  }
}

/** Whether two canonical values are of one type and equal. */
export function isEqual(left: AttributeValue, right: AttributeValue): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  switch (type) {
    case 'L': {
      const [one, other] = [left.L ?? [], right.L ?? []];
      return (
        one.length === other.length && one.every((element, index) => isEqual(element, other[index] as AttributeValue))
      );
    }
    case 'M':
      return isEqualItem(left.M ?? {}, right.M ?? {});
    default:
      return scalarKey(left) === scalarKey(right);
  }
}

export function isEqualItem(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const [one, other] = [left[name], right[name]];
      return one !== undefined && other !== undefined && isEqual(one, other);
    })
  );
}

/** The order of two texts, numbers or binaries of one type; `undefined` where DynamoDB knows none. */
export function compare(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.S !== undefined && right.S !== undefined) return Buffer.compare(Buffer.from(left.S), Buffer.from(right.S));
  if (left.N !== undefined && right.N !== undefined)
    return compareDecimals(parseDecimal(left.N), parseDecimal(right.N));
  if (left.B !== undefined && right.B !== undefined) return Buffer.compare(left.B, right.B);
  return undefined;
}

/** A text by which canonical values of any type but L and M are equal exactly when they are. */
export function scalarKey(value: AttributeValue): string {
  const type = typeOf(value);
  const contents = value.B ? hex(value.B) : value.BS ? value.BS.map(hex) : value[type as keyof AttributeValue];
  return `${type}:${JSON.stringify(contents)}`;
}

/**
 * Bytes of a row: names in UTF-8 and values by their type.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

export function valueBytes(value: AttributeValue): number {
  switch (typeOf(value)) {
    case 'S':
      return Buffer.byteLength(value.S ?? '');
    case 'N':
      return numberBytes(value.N ?? '0');
    case 'B':
      return value.B?.byteLength ?? 0;
    case 'SS':
      return (value.SS ?? []).reduce((sum, one) => sum + Buffer.byteLength(one), 0);
    case 'NS':
      return (value.NS ?? []).reduce((sum, one) => sum + numberBytes(one), 0);
    case 'BS':
      return (value.BS ?? []).reduce((sum, one) => sum + one.byteLength, 0);
    case 'L':
      return (value.L ?? []).reduce((sum, element) => sum + valueBytes(element) + 1, 3);
    case 'M':
      return itemBytes(value.M ?? {}) + Object.keys(value.M ?? {}).length + 3;
    default:
      return 1;
  }
}

/** One byte for two significant digits, one more, and one for a minus sign. */
function numberBytes(value: string): number {
  const decimal = parseDecimal(value);
  return Math.ceil(significantDigits(decimal) / 2) + 1 + (decimal.digits < 0n ? 1 : 0);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw validationException(`${INVALID} a value of type S is not a text`);
  return value;
}

function number(value: unknown): string {
  if (typeof value !== 'string') {
    throw validationException(`${INVALID} a value of type N is given as its text, e.g. { N: '1' }`);
  }
  return formatDecimal(parseDecimal(value));
}

function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw validationException(`${INVALID} a value of type B is not a Uint8Array`);
  return new Uint8Array(value);
}

function canonicalSet<Element>(kind: string, elements: readonly Element[], key: (one: Element) => string): Element[] {
  if (elements.length === 0) throw validationException(`${INVALID} An ${kind} set  may not be empty`);
  const sorted = [...elements].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  if (new Set(sorted.map(key)).size < sorted.length) {
    throw validationException(`${INVALID} Input collection [${elements.map(key).join(', ')}] contains duplicates.`);
  }
  return sorted;
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}
