import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToAttr, unmarshall } from '@aws-sdk/util-dynamodb';
import { InvalidPayload } from '../contract/errors.ts';
import { pathOf } from '../contract/schema.ts';

type Item = Record<string, AttributeValue>;

/** How deep DynamoDB nests lists and maps. */
const MAX_NESTING = 32;

/**
 * A JavaScript object as a DynamoDB item. Columns that are `undefined` are left out.
 *
 * @param what names the row in the error, e.g. `stock`
 * @throws InvalidPayload naming the place of what no row can hold
 */
export function toItem(row: object, what = 'a row'): Item {
  return named(what, () => (isPlainObject(row) ? mapOf(row, 0) : unstorable(row)));
}

/**
 * A JavaScript value as a DynamoDB attribute value.
 *
 * @throws InvalidPayload naming the place of what no column can hold
 */
export function toAttribute(value: unknown, what: string, column: string): AttributeValue {
  return named(what, () => within(column, value, 0));
}

/**
 * A DynamoDB item as JavaScript values: numbers, and a BigInt for a whole number that a number does not hold exactly.
 *
 * @param bigints the columns whose whole numbers are BigInts, whatever their size
 */
export function fromItem(item: Readonly<Item>, bigints: readonly string[] = []): Record<string, unknown> {
  const row = unmarshall(item, { wrapNumbers: numberOf });
  for (const column of bigints) {
    const cell = item[column];
    if (cell) row[column] = unmarshall({ cell }, { wrapNumbers: wholeOf }).cell;
  }
  return row;
}

/** What a row cannot hold, and on the way out of it the path that leads there. */
class Unstorable extends Error {
  readonly path: PropertyKey[] = [];
}

function named<Result>(what: string, convert: () => Result): Result {
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error;
    const field = pathOf(error.path);
    throw new InvalidPayload(
      `'${what}' has ${error.message}${field && ` at ${field}`}: rows hold texts, numbers, BigInts, booleans, null, bytes, lists, plain objects, and sets of texts, numbers or bytes`,
      { fields: field ? [field] : [] },
    );
  }
}

function within(key: PropertyKey, value: unknown, depth: number): AttributeValue {
  try {
    return attributeOf(value, depth);
  } catch (error) {
    if (error instanceof Unstorable) error.path.unshift(key);
    throw error;
  }
}

function attributeOf(value: unknown, depth: number): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return isStorable(value) ? { N: String(value) } : unstorable(value);
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'bigint') return { N: String(value) };
  if (value === null) return { NULL: true };
  if (typeof value !== 'object' || depth > MAX_NESTING) return unstorable(value);
  if (Array.isArray(value)) return { L: Array.from(value, (one, index) => within(index, one, depth + 1)) };
  if (isPlainObject(value)) return { M: mapOf(value, depth + 1) };
  if (value instanceof Uint8Array) return { B: value };
  if (value instanceof Map) return { M: mapOf(Object.fromEntries(value), depth + 1) };
  return otherOf(value);
}

function mapOf(value: Readonly<Record<string, unknown>>, depth: number): Item {
  const map: Item = {};
  for (const column of Object.keys(value)) {
    const cell = value[column];
    if (column === '__proto__') throw new Unstorable(`a column '${column}'`);
    if (typeof cell === 'string') map[column] = { S: cell };
    else if (cell !== undefined) map[column] = within(column, cell, depth);
  }
  return map;
}

/** Sets, bytes of any kind, and the SDK's own numbers. */
function otherOf(value: object): AttributeValue {
  try {
    return convertToAttr(value);
  } catch {
    return unstorable(value);
  }
}

function unstorable(value: unknown): never {
  throw new Unstorable(nameOf(value));
}

/** What a value is, and never what it holds. */
function nameOf(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number beyond 1e-130 to 9.9e125' : String(value);
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  if (isPlainObject(value) || Array.isArray(value)) return `more than ${MAX_NESTING} levels`;
  return `a ${value.constructor?.name || 'value of a class'}`;
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
function isStorable(number: number): boolean {
  const magnitude = Math.abs(number);
  return magnitude === 0 || (magnitude >= 1e-130 && magnitude < 1e126);
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has another `Object.prototype`.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function numberOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) || plainDigits(number) === text ? number : wholeOf(text);
}

function wholeOf(text: string): number | bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
}

/** A large number as DynamoDB answers with it: without an exponent. */
function plainDigits(number: number): string {
  const [mantissa = '', power] = number.toExponential().split('e');
  return mantissa.replace('.', '').padEnd(Number(power) + (number < 0 ? 2 : 1), '0');
}
