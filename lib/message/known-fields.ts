import type { EventDefinition } from '../contract/event.ts';
import { validate } from '../contract/schema.ts';

/** A schema that looks at each of more fields than this cannot be asked about them one by one. */
const FIELDS_ASKED = 100;

/** Of fields that lie at one place of each element of a list, the place. */
const EACH = -1;

type Path = readonly (string | number)[];

/**
 * The payload without the fields that the schema drops, which may be secret and are nobody's on the way: not in the
 * ledger, nor on the wire. A field is dropped when it is not in what the schema makes of the payload, and the schema makes
 * the same without it. Where the schema does not make the same twice, nothing is left out.
 *
 * @param data a valid payload as JSON carries it
 * @param output what the schema makes of it
 */
export function knownFields(event: EventDefinition, data: unknown, output: unknown): unknown {
  if (hasAll(data, output)) return data;
  const missing = missingFields(data, output);
  const isSameWithout = (paths: readonly Path[]) => {
    try {
      return isSame(validate(event.schema, without(data, paths), event.type), output);
    } catch {
      return false;
    }
  };
  if (isSameWithout(missing)) return without(data, missing);
  // Some of them are known, under another name or in another shape.
  const dropped = missing.length > FIELDS_ASKED ? [] : missing.filter((path) => isSameWithout([path]));
  return dropped.length > 0 && isSameWithout(dropped) ? without(data, dropped) : data;
}

/** Whether every field of the input is at its place in the output: it nearly always is. */
function hasAll(input: unknown, made: unknown): boolean {
  if (input === made || typeof input !== 'object' || input === null) return true;
  if (Array.isArray(input)) {
    return input.every((one, index) => hasAll(one, Array.isArray(made) ? made[index] : undefined));
  }
  return Object.keys(input).every(
    (key) => isRecord(made) && Object.hasOwn(made, key) && hasAll((input as Record<string, unknown>)[key], made[key]),
  );
}

/** The fields of the input that are not at their place in the output. */
function missingFields(data: unknown, output: unknown): Path[] {
  const found = new Map<string, Path>();
  const walk = (input: unknown, made: unknown, path: Path): void => {
    if (input === made || typeof input !== 'object' || input === null) return;
    if (Array.isArray(input)) {
      for (const [index, one] of input.entries())
        walk(one, Array.isArray(made) ? made[index] : undefined, [...path, EACH]);
      return;
    }
    for (const [key, value] of Object.entries(input)) {
      const inner = [...path, key];
      const isMade = isRecord(made) && Object.hasOwn(made, key);
      if (!isMade) found.set(JSON.stringify(inner), inner);
      walk(value, isMade ? made[key] : undefined, inner);
    }
  };
  walk(data, output, []);
  return [...found.values()];
}

function without(data: unknown, paths: readonly Path[]): unknown {
  if (paths.length === 0 || typeof data !== 'object' || data === null) return data;
  const below = (key: string | number) => paths.filter(([first]) => first === key).map(([, ...rest]) => rest);
  if (Array.isArray(data)) {
    const rest = below(EACH);
    return data.map((one) => without(one, rest));
  }
  const kept = Object.entries(data).flatMap(([key, value]) => {
    const rest = below(key);
    return rest.some((path) => path.length === 0) ? [] : [[key, without(value, rest)] as const];
  });
  return Object.fromEntries(kept);
}

/** Whether two values are known to be the same: an instance of a class may differ in what it hides. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => isSame(value, other[index]));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
