import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../attribute-value.ts';
import { validationException } from '../exceptions.ts';
import { type DocumentPath, showPath } from './syntax.ts';
import type { TokenReader } from './token-reader.ts';

/** The value at the path; `undefined` where a step leads nowhere. */
export function valueAt(item: Item, path: DocumentPath): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: item };
  for (const step of path) value = child(value, step);
  return value;
}

function child(value: AttributeValue | undefined, step: string | number): AttributeValue | undefined {
  if (typeof step === 'number') return value?.L?.[step];
  return value?.M && Object.hasOwn(value.M, step) ? value.M[step] : undefined;
}

/**
 * Sets the value at the path, in place. An index beyond a list's end appends.
 *
 * @throws ValidationException when the path's parent is not there or of another type
 */
export function setAt(item: Item, path: DocumentPath, value: AttributeValue): void {
  const { parent, last } = parentOf(item, path);
  if (typeof last === 'number' && parent.L) parent.L[Math.min(last, parent.L.length)] = value;
  else if (typeof last === 'string' && parent.M) define(parent.M, last, value);
  else throw invalidPath();
}

/**
 * Removes what is at the path, in place.
 *
 * @throws ValidationException when the path's parent is not there or of another type
 */
export function removeAt(item: Item, path: DocumentPath): void {
  const { parent, last } = parentOf(item, path);
  if (typeof last === 'number' && parent.L) parent.L.splice(last, 1);
  else if (typeof last === 'string' && parent.M) delete parent.M[last];
  else throw invalidPath();
}

/**
 * Refuses paths of which one leads into another, or that disagree about whether something is a map or a list.
 *
 * @throws ValidationException when two paths overlap, naming both
 */
export function refuseOverlaps(reader: TokenReader, paths: readonly DocumentPath[]): void {
  paths.forEach((path, index) => {
    for (const earlier of paths.slice(0, index)) {
      const clash = clashOf(earlier, path);
      if (!clash) continue;
      throw reader.refusal(
        `Two document paths ${clash} with each other; must remove or rewrite one of these paths; path one: ${showPath(earlier)}, path two: ${showPath(path)}`,
      );
    }
  });
}

function clashOf(one: DocumentPath, other: DocumentPath): 'overlap' | 'conflict' | undefined {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index++) {
    if (one[index] === other[index]) continue;
    return typeof one[index] === typeof other[index] ? undefined : 'conflict';
  }
  return 'overlap';
}

/** An own attribute whatever its name: assigning to `__proto__` would not make one. */
function define(map: Item, name: string, value: AttributeValue): void {
  Object.defineProperty(map, name, { value, configurable: true, enumerable: true, writable: true });
}

function parentOf(item: Item, path: DocumentPath): { parent: AttributeValue; last: string | number } {
  let parent: AttributeValue | undefined = { M: item };
  for (const step of path.slice(0, -1)) parent = child(parent, step);
  const last = path.at(-1);
  if (!parent || last === undefined) throw invalidPath();
  return { parent, last };
}

function invalidPath() {
  return validationException('The document path provided in the update expression is invalid for update');
}
