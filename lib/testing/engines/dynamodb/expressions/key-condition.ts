import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { validationException } from '../exceptions.ts';
import { holds } from './condition.ts';
import { parseCondition } from './condition-parser.ts';
import type { Placeholders } from './placeholders.ts';
import type { Comparator, Condition, Operand } from './syntax.ts';

export interface KeyCondition {
  readonly partition: AttributeValue;
  /** The value that the sort key is compared with, if it is. */
  readonly sortOperand?: AttributeValue;
  /** Whether a sort key is wanted. */
  matches(sort: AttributeValue): boolean;
}

/** A condition on one key attribute, with the attribute on its left. */
interface Term {
  readonly name: string;
  readonly condition: Condition;
  readonly operand: AttributeValue;
}

const FLIPPED: Readonly<Record<string, Comparator>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/**
 * Reads a key condition expression: the partition key equal to a value, and at most one condition on the sort key.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
 */
export function parseKeyCondition(
  text: string,
  placeholders: Placeholders,
  key: { readonly partition: string; readonly sort?: string | undefined },
): KeyCondition {
  const terms = termsOf(parseCondition('KeyConditionExpression', text, placeholders));
  if (new Set(terms.map(({ name }) => name)).size < terms.length) {
    throw validationException('KeyConditionExpressions must only contain one condition per key');
  }
  if (terms.length > 2) throw validationException('Conditions can be of length 1 or 2 only');
  const partition = terms.find(({ name }) => name === key.partition);
  const sort = terms.find(({ name }) => key.sort !== undefined && name === key.sort);
  if (!partition || (terms.length === 2 && !sort)) {
    throw validationException('Query condition missed key schema element');
  }
  if (partition.condition.kind !== 'compare' || partition.condition.comparator !== '=') {
    throw validationException('Query key condition not supported');
  }
  return {
    partition: partition.operand,
    ...(sort && { sortOperand: sort.operand }),
    matches: (value) => !sort || holds(sort.condition, { [sort.name]: value }),
  };
}

function termsOf(condition: Condition): Term[] {
  switch (condition.kind) {
    case 'and':
      return [...termsOf(condition.left), ...termsOf(condition.right)];
    case 'compare': {
      const { comparator, left, right } = condition;
      if (comparator === '<>') throw unsupported('<>');
      if (right.kind === 'path') {
        const flipped = FLIPPED[comparator] as Comparator;
        return [term(right, left, { ...condition, comparator: flipped, left: right, right: left })];
      }
      return [term(left, right, condition)];
    }
    case 'between':
      literalOf(condition.high);
      return [term(condition.operand, condition.low, condition)];
    case 'begins_with':
      return [term(condition.operand, condition.wanted, condition)];
    default:
      throw unsupported(
        condition.kind === 'or' || condition.kind === 'not' ? condition.kind.toUpperCase() : condition.kind,
      );
  }
}

function term(attribute: Operand, operand: Operand, condition: Condition): Term {
  if (attribute.kind === 'size') throw unsupported('size');
  if (attribute.kind !== 'path' || attribute.path.length > 1) {
    throw validationException('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  return { name: attribute.path[0], condition, operand: literalOf(operand) };
}

function literalOf(operand: Operand): AttributeValue {
  if (operand.kind === 'value') return operand.value;
  throw validationException(
    'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
  );
}

function unsupported(operator: string) {
  return validationException(`Invalid operator used in KeyConditionExpression: ${operator}`);
}
