import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { compare, type Item, isEqual, scalarKey, typeOf } from '../attribute-value.ts';
import { valueAt } from './document-path.ts';
import type { Comparator, Condition, Operand } from './syntax.ts';

/**
 * Whether the condition holds of a row; a row that is not there has no attributes. An operand that is missing, or of
 * another type than the other one, satisfies no comparison but `<>`.
 */
export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.condition, item);
    case 'compare':
      return compares(condition.comparator, resolve(condition.left, item), resolve(condition.right, item));
    case 'between': {
      const operand = resolve(condition.operand, item);
      return (
        compares('>=', operand, resolve(condition.low, item)) && compares('<=', operand, resolve(condition.high, item))
      );
    }
    case 'in': {
      const operand = resolve(condition.operand, item);
      return condition.options.some((option) => compares('=', operand, resolve(option, item)));
    }
    case 'attribute_exists':
      return valueAt(item, condition.path) !== undefined;
    case 'attribute_not_exists':
      return valueAt(item, condition.path) === undefined;
    case 'attribute_type': {
      const value = valueAt(item, condition.path);
      return value !== undefined && typeOf(value) === condition.type;
    }
    case 'begins_with':
      return beginsWith(resolve(condition.operand, item), resolve(condition.wanted, item));
    case 'contains':
      return contains(resolve(condition.operand, item), resolve(condition.wanted, item));
  }
}

type Value = AttributeValue | undefined;

function resolve(operand: Operand, item: Item): Value {
  switch (operand.kind) {
    case 'path':
      return valueAt(item, operand.path);
    case 'value':
      return operand.value;
    case 'size': {
      const size = sizeOf(resolve(operand.of, item));
      return size === undefined ? undefined : { N: String(size) };
    }
  }
}

/** Characters of a text, bytes of a binary, elements of everything else that has any. */
function sizeOf(value: Value): number | undefined {
  if (!value) return undefined;
  if (value.B) return value.B.byteLength;
  if (value.M) return Object.keys(value.M).length;
  return (value.S ?? value.L ?? value.SS ?? value.NS ?? value.BS)?.length;
}

function compares(comparator: Comparator, left: Value, right: Value): boolean {
  if (comparator === '<>') return !compares('=', left, right);
  if (!left || !right) return false;
  if (comparator === '=') return isEqual(left, right);
  const order = compare(left, right);
  if (order === undefined) return false;
  switch (comparator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function beginsWith(operand: Value, wanted: Value): boolean {
  if (operand?.S !== undefined && wanted?.S !== undefined) return operand.S.startsWith(wanted.S);
  if (operand?.B && wanted?.B) return Buffer.from(operand.B).subarray(0, wanted.B.byteLength).equals(wanted.B);
  return false;
}

/** A part of a text or a binary, or an element of a set or a list. */
function contains(operand: Value, wanted: Value): boolean {
  if (!operand || !wanted) return false;
  if (operand.L) return operand.L.some((element) => isEqual(element, wanted));
  if (operand.S !== undefined && wanted.S !== undefined) return operand.S.includes(wanted.S);
  if (operand.B && wanted.B) return Buffer.from(operand.B).includes(Buffer.from(wanted.B));
  if (operand.SS && wanted.S !== undefined) return operand.SS.includes(wanted.S);
  if (operand.NS && wanted.N !== undefined) return operand.NS.includes(wanted.N);
  return operand.BS?.some((element) => scalarKey({ B: element }) === scalarKey(wanted)) ?? false;
}
