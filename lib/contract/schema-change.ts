import type { JsonSchema } from './json-schema.ts';

/** A change of a schema: `breaking` where a payload that was valid may be no more. */
export interface SchemaChange {
  readonly kind: 'breaking' | 'additive';
  /** Where: the path of a field, e.g. `lines.items.quantity`; empty for the whole. */
  readonly path: string;
  readonly what: string;
}

/**
 * What a schema refuses or takes that it did not before, by keywords: old producers' messages, and those in flight, must
 * satisfy the new schema. What is not known to be harmless is breaking.
 */
export function schemaChanges(before: JsonSchema, after: JsonSchema, path = ''): SchemaChange[] {
  if (same(before, after)) return [];
  const changes = [...fieldChanges(before, after, path)];
  const keywords = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  for (const keyword of keywords) {
    const [old, now] = [before[keyword], after[keyword]];
    if (same(old, now) || FIELDS.has(keyword)) continue;
    if (keyword === 'items' && isSchema(old) && isSchema(now))
      changes.push(...schemaChanges(old, now, under(path, 'items')));
    else
      changes.push({
        kind: isLooser(keyword, old, now) ? 'additive' : 'breaking',
        path,
        what: said(keyword, old, now),
      });
  }
  return changes;
}

const FIELDS = new Set(['properties', 'required']);

function* fieldChanges(before: JsonSchema, after: JsonSchema, path: string): Iterable<SchemaChange> {
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const [wasRequired, isRequired] = [requiredOf(before), requiredOf(after)];
  for (const field of [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()) {
    const place = under(path, field);
    const [was, is] = [old[field], now[field]];
    if (!is) {
      const closed = after.additionalProperties === false;
      const kind = closed || wasRequired.has(field) ? 'breaking' : 'additive';
      yield { kind, path: place, what: 'the field is gone' };
    } else if (was) {
      yield* schemaChanges(was, is, place);
      if (!wasRequired.has(field) && isRequired.has(field))
        yield { kind: 'breaking', path: place, what: 'it is required now' };
      if (wasRequired.has(field) && !isRequired.has(field))
        yield { kind: 'additive', path: place, what: 'it is optional now' };
    } else if (isRequired.has(field)) yield { kind: 'breaking', path: place, what: 'a required field is new' };
    else yield { kind: 'additive', path: place, what: 'an optional field is new' };
  }
}

const LOWER_BOUNDS = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']);
const UPPER_BOUNDS = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']);

/** Whether the new value of a keyword takes all that the old one took. */
function isLooser(keyword: string, old: unknown, now: unknown): boolean {
  if (keyword === 'default' || now === undefined) return true;
  if (keyword === 'type') return old === 'integer' && now === 'number';
  if (keyword === 'additionalProperties') return now === true || (isSchema(now) && Object.keys(now).length === 0);
  if (keyword === 'enum' || keyword === 'anyOf') return isSubset(old, now);
  if (LOWER_BOUNDS.has(keyword)) return typeof old === 'number' && Number(now) <= old;
  if (UPPER_BOUNDS.has(keyword)) return typeof old === 'number' && Number(now) >= old;
  return false;
}

function isSubset(old: unknown, now: unknown): boolean {
  return Array.isArray(old) && Array.isArray(now) && old.every((one) => now.some((other) => same(one, other)));
}

function said(keyword: string, old: unknown, now: unknown): string {
  const [was, is] = [old, now].map((value) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200)));
  return `\`${keyword}\` was ${was} and is ${is}`;
}

function propertiesOf({ properties }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return isSchema(properties) ? (properties as Record<string, JsonSchema>) : {};
}

function requiredOf({ required }: JsonSchema): ReadonlySet<unknown> {
  return new Set(Array.isArray(required) ? required : []);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function under(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
