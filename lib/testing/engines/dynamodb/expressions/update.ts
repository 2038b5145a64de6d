import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { canonical, canonicalItem, type Item, scalarKey, typeOf } from '../attribute-value.ts';
import { add, type Decimal, formatDecimal, parseDecimal, subtract } from '../decimal.ts';
import { validationException } from '../exceptions.ts';
import { removeAt, setAt, valueAt } from './document-path.ts';
import type { Assigned, DocumentPath, Update } from './syntax.ts';

/**
 * The row after the update. Everything on the right-hand side is read from the row as it was.
 *
 * @throws ValidationException when the update does not fit the row, e.g. an `ADD` to a text
 */
export function applyUpdate(update: Update, before: Item): Item {
  const after = canonicalItem(before);
  const assigned = update.set.map(({ path, value }) => ({ path, value: evaluate(value, before) }));
  // Elements beyond a list's end are appended in the order of their indexes, and removals count from the row as it was.
  for (const { path, value } of assigned.sort((one, other) => byLastIndex(one.path, other.path))) {
    setAt(after, path, canonical(value));
  }
  for (const { path, value } of update.add) setAt(after, path, added(valueAt(before, path), value));
  for (const { path, value } of update.delete) {
    const left = withoutElements(valueAt(before, path), value);
    if (left === 'gone') removeAt(after, path);
    else if (left) setAt(after, path, left);
  }
  for (const path of [...update.remove].sort((one, other) => byLastIndex(other, one))) removeAt(after, path);
  return after;
}

function evaluate(assigned: Assigned, item: Item): AttributeValue {
  switch (assigned.kind) {
    case 'value':
      return assigned.value;
    case 'path': {
      const value = valueAt(item, assigned.path);
      if (value) return value;
      throw validationException('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'if_not_exists':
      return valueAt(item, assigned.path) ?? evaluate(assigned.otherwise, item);
    case 'list_append': {
      const [left, right] = [evaluate(assigned.left, item), evaluate(assigned.right, item)];
      if (!left.L || !right.L) throw wrongType();
      return { L: [...left.L, ...right.L] };
    }
    case '+':
      return arithmetic(add, evaluate(assigned.left, item), evaluate(assigned.right, item));
    case '-':
      return arithmetic(subtract, evaluate(assigned.left, item), evaluate(assigned.right, item));
  }
}

function arithmetic(
  operation: (left: Decimal, right: Decimal) => Decimal,
  left: AttributeValue,
  right: AttributeValue,
): AttributeValue {
  if (left.N === undefined || right.N === undefined) throw wrongType();
  return { N: formatDecimal(operation(parseDecimal(left.N), parseDecimal(right.N))) };
}

/** The result of `ADD`: a sum, or the union of two sets. An absent value counts as 0 or as an empty set. */
function added(value: AttributeValue | undefined, more: AttributeValue): AttributeValue {
  if (!value) return canonical(more);
  if (typeOf(value) !== typeOf(more)) throw wrongType();
  if (value.N !== undefined) return arithmetic(add, value, more);
  const elements = elementsOf(value);
  const known = new Set(elements.map(scalarKey));
  return setOf(value, [...elements, ...elementsOf(more).filter((element) => !known.has(scalarKey(element)))]);
}

/** The rest of a set after `DELETE`: `undefined` where there was none, `gone` where nothing is left. */
function withoutElements(value: AttributeValue | undefined, less: AttributeValue): AttributeValue | 'gone' | undefined {
  if (!value) return undefined;
  if (typeOf(value) !== typeOf(less)) throw wrongType();
  const gone = new Set(elementsOf(less).map(scalarKey));
  const left = elementsOf(value).filter((element) => !gone.has(scalarKey(element)));
  return left.length === 0 ? 'gone' : setOf(value, left);
}

function elementsOf({ SS, NS, BS }: AttributeValue): AttributeValue[] {
  if (SS) return SS.map((S) => ({ S }));
  if (NS) return NS.map((N) => ({ N }));
  return (BS ?? []).map((B) => ({ B }));
}

function setOf(like: AttributeValue, elements: readonly AttributeValue[]): AttributeValue {
  if (like.SS) return canonical({ SS: elements.map(({ S = '' }) => S) });
  if (like.NS) return canonical({ NS: elements.map(({ N = '' }) => N) });
  return canonical({ BS: elements.map(({ B = new Uint8Array() }) => B) });
}

/** Names before indexes, and these in their order. */
function byLastIndex(one: DocumentPath, other: DocumentPath): number {
  const [left, right] = [one.at(-1), other.at(-1)];
  return (typeof left === 'number' ? left : -1) - (typeof right === 'number' ? right : -1);
}

function wrongType() {
  return validationException('An operand in the update expression has an incorrect data type');
}
