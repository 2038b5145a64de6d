import { InvalidPayload } from '../contract/errors.ts';
import { columnSchema, validate, validateColumn } from '../contract/schema.ts';
import type { AnyTable } from '../contract/table.ts';
import type { Change } from './transaction.ts';

type Columns = Readonly<Record<string, unknown>>;
type AnyChange = Pick<Change<object>, 'set' | 'add'> & { readonly remove?: readonly PropertyKey[] | undefined };

/**
 * What an update sets, as the table's schema makes it of what was given: each column by itself, since the rest of the row
 * is not known. A row that the update may create is known as a whole.
 *
 * @param creates whether the row may be created by it
 * @throws InvalidPayload when the schema refuses a column, the lack of one that is removed, or the row that is created
 */
export function validatedSet(table: AnyTable, key: Columns, change: AnyChange, creates: boolean): Columns {
  const { item, name } = table;
  const given = Object.entries(change.set ?? {}).filter(([, value]) => value !== undefined);
  const row: Columns = { ...key, ...Object.fromEntries(given) };
  for (const [column, value] of Object.entries(change.add ?? {})) {
    if (value !== undefined && typeof value !== 'bigint' && !Number.isFinite(value)) {
      throw new InvalidPayload(`'${name}' is invalid: ${column} grows by ${typeof value}, no finite number`, {
        fields: [column],
      });
    }
  }
  if (creates) validate(item, { ...row, ...change.add }, name);
  for (const column of change.remove ?? []) validateColumn(item, row, String(column), name);
  return Object.fromEntries(
    given.map(([column, value]) => {
      const schema = columnSchema(item, column);
      if (schema) return [column, validate(schema, value, name, column)];
      validateColumn(item, row, column, name);
      return [column, value];
    }),
  );
}
