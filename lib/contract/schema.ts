import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidDefinition, InvalidPayload } from './errors.ts';

/** What the schema takes that a definition has under a name. */
export type SchemaInput<Definition, Name extends string> =
  Definition extends Readonly<Record<Name, infer Schema extends StandardSchemaV1>>
    ? StandardSchemaV1.InferInput<Schema>
    : never;

/** What the schema makes of it that a definition has under a name. */
export type SchemaOutput<Definition, Name extends string> =
  Definition extends Readonly<Record<Name, infer Schema extends StandardSchemaV1>>
    ? StandardSchemaV1.InferOutput<Schema>
    : never;

/** How many fields an error names: a payload can be wrong in more places than anybody reads. */
const NAMED_FIELDS = 10;
/** Characters of what a schema says of one field: it may quote the whole value. */
const SAID_OF_A_FIELD = 200;

/**
 * Validates synchronously by any Standard Schema and returns the schema's output.
 *
 * @param what names the value in the error, e.g. `order.placed`
 * @param column the column of it that the value is, if it is one
 * @throws InvalidPayload naming each offending field, without the values
 * @throws InvalidDefinition when the schema does not answer synchronously
 * @see https://standardschema.dev
 */
export function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  what: string,
  column?: string,
): Output {
  const result = answerOf(schema, value, what);
  if (!result.issues) return result.value;
  const under = column === undefined ? [] : [column];
  throw invalid(
    what,
    result.issues.map(({ message, path = [] }) => ({ message, path: [...under, ...path] })),
  );
}

/**
 * Refuses a row for what its schema says of one column; what it says of others is passed over, as they may be missing.
 * A schema that judges rows as a whole, as a union does, says nothing of a column.
 *
 * @throws InvalidPayload naming the column
 */
export function validateColumn(schema: StandardSchemaV1, row: object, column: string, what: string): void {
  const { issues = [] } = answerOf(schema, row, what);
  const wrong = issues.filter(({ path = [] }) => path.length > 0 && String(keyOf(path[0] as Segment)) === column);
  if (wrong.length > 0) throw invalid(what, wrong);
}

/** The schema of one column of an object's schema, where the library tells it: zod as `shape`, valibot as `entries`. */
export function columnSchema(schema: StandardSchemaV1, column: string): StandardSchemaV1 | undefined {
  const { shape, entries } = schema as { readonly shape?: Columns; readonly entries?: Columns };
  const columns = shape ?? entries;
  const found = columns && Object.hasOwn(columns, column) ? columns[column] : undefined;
  return found?.['~standard'] && found;
}

type Columns = Readonly<Record<string, StandardSchemaV1 | undefined>>;
type Segment = PropertyKey | StandardSchemaV1.PathSegment;

function answerOf<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  what: string,
): StandardSchemaV1.Result<Output> {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    // Nobody waits for it, and a promise that is rejected unseen would end the process.
    result.catch(() => undefined);
    throw new InvalidDefinition(
      `The schema of '${what}' answers with a promise: it validates asynchronously, or (zod) a transform or refinement in it throws. Give one that is synchronous and reports issues`,
    );
  }
  return result;
}

/** @throws InvalidDefinition when the value is no Standard Schema, e.g. one of zod before 3.24 */
export function requireStandardSchema(schema: unknown, what: string): void {
  if (typeof (schema as Partial<StandardSchemaV1> | undefined)?.['~standard']?.validate !== 'function') {
    throw new InvalidDefinition(`The schema of '${what}' is no Standard Schema: give one of zod 4, valibot or arktype`);
  }
}

function invalid(what: string, issues: readonly StandardSchemaV1.Issue[]): InvalidPayload {
  const named = issues.slice(0, NAMED_FIELDS);
  const more = issues.length > NAMED_FIELDS ? [`and ${issues.length - NAMED_FIELDS} more`] : [];
  const fields = named.map(fieldPath);
  const said = named.map(({ message }, index) => {
    const text = message.slice(0, SAID_OF_A_FIELD);
    return fields[index] ? `${fields[index]}: ${text}` : text;
  });
  const distinct = [...new Set(fields.filter(Boolean))];
  const where = distinct.length > 0 ? `: ${[...distinct, ...more].join(', ')}` : ' as a whole';
  return new InvalidPayload(`'${what}' is invalid${where}`, {
    fields: distinct,
    detail: `'${what}' is invalid: ${[...said, ...more].join('; ')}`,
  });
}

function fieldPath({ path = [] }: StandardSchemaV1.Issue): string {
  // Copied first: arktype's path is an array of its own kind, which `map` cannot make.
  return pathOf([...path].map(keyOf));
}

function keyOf(segment: Segment): PropertyKey {
  return typeof segment === 'object' ? segment.key : segment;
}

/** A path as errors name it, e.g. `lines.0.quantity`. */
export function pathOf(keys: readonly PropertyKey[]): string {
  return keys.map(segmentName).join('.');
}

/** The key of a record is data, such as an e-mail address: what does not look like the name of a field is not named. */
function segmentName(key: PropertyKey): string {
  return typeof key === 'number' || /^[A-Za-z_$][\w$-]{0,63}$/.test(String(key)) ? String(key) : '*';
}
