import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { toAttribute } from './attribute.ts';
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
  readonly #what: string;

  /** @param what names the row in errors, e.g. `stock` */
  constructor(what: string) {
    this.#what = what;
  }

  name(column: string): string {
    const known = this.#names.indexOf(column);
    return nameAt(known === -1 ? this.#names.push(column) - 1 : known);
  }

  /** @throws InvalidPayload naming the column when it cannot hold the value */
  value(column: string, value: unknown): string {
    return valueAt(this.#values.push(toAttribute(value, this.#what, column)) - 1);
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
    const attributes: ReturnType<Expression['attributes']> = {};
    if (this.#names.length > 0) attributes.ExpressionAttributeNames = byPlaceholder(this.#names, nameAt);
    if (this.#values.length > 0) attributes.ExpressionAttributeValues = byPlaceholder(this.#values, valueAt);
    return attributes;
  }

  #term(column: string, wanted: unknown): string {
    const name = this.name(column);
    if (!isComparison(wanted)) return `${name} = ${this.value(column, wanted)}`;
    switch (wanted.operator) {
      case 'exists':
        return `attribute_exists(${name})`;
      case 'absent':
        return `attribute_not_exists(${name})`;
      case '<>':
        // DynamoDB takes a column that is missing for different from everything.
        return `(attribute_exists(${name}) AND ${name} <> ${this.value(column, wanted.values[0])})`;
      case 'in':
        return `${name} IN (${wanted.values.map((value) => this.value(column, value)).join(', ')})`;
      default:
        return `${name} ${wanted.operator} ${this.value(column, wanted.values[0])}`;
    }
  }
}

/** All of the conditions that are there, joined by AND. */
export function joinConditions(conditions: readonly (string | undefined)[]): string | undefined {
  const present = conditions.filter((condition) => condition !== undefined);
  return present.length === 0 ? undefined : present.join(' AND ');
}

/** Placeholders are made once: a text that is made anew for each expression costs more than what it stands for. */
const NAMES: string[] = [];
const VALUES: string[] = [];

function nameAt(index: number): string {
  NAMES[index] ??= `#n${index}`;
  return NAMES[index];
}

function valueAt(index: number): string {
  VALUES[index] ??= `:v${index}`;
  return VALUES[index];
}

function byPlaceholder<Value>(values: readonly Value[], placeholder: (index: number) => string): Record<string, Value> {
  const record: Record<string, Value> = {};
  for (let index = 0; index < values.length; index++) record[placeholder(index)] = values[index] as Value;
  return record;
}
