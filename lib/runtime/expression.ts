import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { Comparison, type When } from './condition.ts';

/**
 * Collects the names and values of one DynamoDB expression under placeholders, so that no column name can collide with a
 * reserved word.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
 */
export class Expression {
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, AttributeValue> = {};

  name(column: string): string {
    const known = Object.entries(this.#names).find(([, name]) => name === column)?.[0];
    const placeholder = known ?? `#n${Object.keys(this.#names).length}`;
    this.#names[placeholder] = column;
    return placeholder;
  }

  value(value: unknown): string {
    const placeholder = `:v${Object.keys(this.#values).length}`;
    this.#values[placeholder] = toAttribute(value);
    return placeholder;
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
      ...(Object.keys(this.#names).length > 0 && { ExpressionAttributeNames: this.#names }),
      ...(Object.keys(this.#values).length > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }

  #term(column: string, wanted: unknown): string {
    const name = this.name(column);
    if (!(wanted instanceof Comparison)) return `${name} = ${this.value(wanted)}`;
    switch (wanted.operator) {
      case 'exists':
        return `attribute_exists(${name})`;
      case 'absent':
        return `attribute_not_exists(${name})`;
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
  return marshall(value, { removeUndefinedValues: true });
}

/** A JavaScript value as a DynamoDB attribute value. */
function toAttribute(value: unknown): AttributeValue {
  const attribute = toItem({ value }).value;
  if (!attribute) throw new TypeError('A condition or a change names a column with the value undefined');
  return attribute;
}
