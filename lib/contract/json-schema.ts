import { createRequire } from 'node:module';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A JSON Schema, draft 2020-12. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** What a schema takes, or what it makes of it. */
export type SchemaSide = 'input' | 'output';

/** Keywords that say nothing of what is valid. */
const SILENT = new Set([
  '$schema',
  '$comment',
  'title',
  'description',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/**
 * The JSON Schema of a Standard Schema: by its own extension of the standard, as zod 4.2 and arktype have it, else by
 * zod's `toJSONSchema` or `@valibot/to-json-schema` where the working folder has them. What JSON Schema cannot say, such
 * as a Date or a refinement, allows everything. Annotations are left out, and lists whose order means nothing are sorted.
 *
 * @returns `undefined` where nothing can tell
 * @see https://standardschema.dev/json-schema
 */
export function jsonSchemaOf(schema: StandardSchemaV1, side: SchemaSide): JsonSchema | undefined {
  const standard = schema['~standard'] as StandardSchemaV1.Props & { readonly jsonSchema?: Converters };
  // Schemas of libraries have properties of that name, too.
  const { inner } = (standard.vendor === 'waybill' ? schema : {}) as { readonly inner?: StandardSchemaV1 };
  if (inner) return jsonSchemaOf(inner, side);
  try {
    const made = standard.jsonSchema?.[side](OPTIONS) ?? BY_VENDOR[standard.vendor]?.(schema, side);
    return made && (normalized(made) as JsonSchema);
  } catch {
    return undefined;
  }
}

type Converters = { readonly [Side in SchemaSide]: (options: typeof OPTIONS) => JsonSchema };

const OPTIONS = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any', fallback: () => ({}) } } as const;

const BY_VENDOR: Readonly<Record<string, (schema: StandardSchemaV1, side: SchemaSide) => JsonSchema>> = {
  zod: (schema, io) => installed('zod').toJSONSchema?.(schema, { io, unrepresentable: 'any' }) as JsonSchema,
  valibot: (schema, typeMode) =>
    installed('@valibot/to-json-schema').toJsonSchema?.(schema, { typeMode, errorMode: 'ignore' }) as JsonSchema,
};

/** The copy that the application has, not one of Waybill's. */
function installed(library: string): Record<string, ((...given: unknown[]) => unknown) | undefined> {
  return createRequire(`${process.cwd()}/package.json`)(library);
}

/** Sorted, so that two schemas that say the same are the same text. */
function normalized(value: unknown, under?: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalized(item));
    return under === 'prefixItems'
      ? items
      : items.sort((one, other) => order(JSON.stringify(one), JSON.stringify(other)));
  }
  if (typeof value !== 'object' || value === null) return value;
  const isNames = under === 'properties' || under === '$defs' || under === 'patternProperties';
  const entries = Object.entries(value)
    .filter(([keyword]) => isNames || !SILENT.has(keyword))
    .sort(([one], [other]) => order(one, other));
  return Object.fromEntries(
    entries.map(([keyword, inner]) => [keyword, VALUES.has(keyword) && !isNames ? inner : normalized(inner, keyword)]),
  );
}

/** Keywords that hold a value of the data, which is kept as it is. */
const VALUES = new Set(['const', 'default']);

function order(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
