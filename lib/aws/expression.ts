import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToAttr, marshall } from '@aws-sdk/util-dynamodb';
import { isComparison, type When } from './condition.ts';

/**
 * Collects the names and values of one DynamoDB expression under placeholders, so that no column name can collide with a
 * reserved word.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
 */
export class Expression {
  readonly #names: string[] = [];
  readonly #values: AttributeValue[] = [];

  name(column: string): string {
    const known = this.#names.indexOf(column);
    return nameAt(known === -1 ? this.#names.push(column) - 1 : known);
  }

  value(value: unknown): string {
    return valueAt(this.#values.push(toAttribute(value)) - 1);
  }

  /** The condition as text; `undefined` when nothing must hold. */
  condition(partitionKey: string, when: When<object> | undefined): string | undefined {
    if (when === undefined) return undefined;
    if (when === 'absent') return `attribute_not_exists(${this.name(partitionKey)})`;
    if (when === 'present') return `attribute_exists(${this.name(partitionKey)})`;
    const terms = Object.entries(when)
      .filter(([, wanted]) => wanted !== undefined)
      .map(([column, wanted]) => this.#term(column, wanted));
    return joinConditions(terms);
  }

  /** The names and values for the request: absent when there are none, as DynamoDB refuses empty ones. */
  attributes(): {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, AttributeValue>;
  } {
    return {
      ...(this.#names.length > 0 && { ExpressionAttributeNames: byPlaceholder(this.#names, nameAt) }),
      ...(this.#values.length > 0 && { ExpressionAttributeValues: byPlaceholder(this.#values, valueAt) }),
    };
  }

  #term(column: string, wanted: unknown): string {
    const name = this.name(column);
    if (!isComparison(wanted)) return `${name} = ${this.value(wanted)}`;
    switch (wanted.operator) {
      case 'exists':
        return `attribute_exists(${name})`;
      case 'absent':
        return `attribute_not_exists(${name})`;
      case '<>':
        // DynamoDB takes a column that is missing for different from everything.
        return `(attribute_exists(${name}) AND ${name} <> ${this.value(wanted.values[0])})`;
      case 'in':
        return `${name} IN (${wanted.values.map((value) => this.value(value)).join(', ')})`;
      default:
        return `${name} ${wanted.operator} ${this.value(wanted.values[0])}`;
    }
  }
}

/** All of the conditions that are there, joined by AND. */
export function joinConditions(conditions: readonly (string | undefined)[]): string | undefined {
  const present = conditions.filter((condition) => condition !== undefined);
  return present.length === 0 ? undefined : present.join(' AND ');
}

/** A JavaScript object as a DynamoDB item. Columns that are `undefined` are left out. */
export function toItem(value: object): Record<string, AttributeValue> {
  return isPlainObject(value) ? mapOf(value) : marshall(value, MARSHALL);
}

const MARSHALL = { removeUndefinedValues: true };

/** A JavaScript value as a DynamoDB attribute value. */
function toAttribute(value: unknown): AttributeValue {
  if (value === undefined || typeof value === 'function') {
    throw new TypeError('A condition or a change names a column with the value undefined');
  }
  return attributeOf(value);
}

/** As the SDK converts; what rows mostly hold is told by its type, without the SDK's many tests of each value. */
function attributeOf(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (Number.isSafeInteger(value)) return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  return isPlainObject(value) ? { M: mapOf(value) } : convertToAttr(value, MARSHALL);
}

function mapOf(value: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  const map: Record<string, AttributeValue> = {};
  for (const column of Object.keys(value)) {
    const cell = value[column];
    if (cell !== undefined && typeof cell !== 'function') map[column] = attributeOf(cell);
  }
  return map;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function nameAt(index: number): string {
  return `#n${index}`;
}

function valueAt(index: number): string {
  return `:v${index}`;
}

function byPlaceholder<Value>(values: readonly Value[], placeholder: (index: number) => string): Record<string, Value> {
  const record: Record<string, Value> = {};
  for (const [index, value] of values.entries()) record[placeholder(index)] = value;
  return record;
}
