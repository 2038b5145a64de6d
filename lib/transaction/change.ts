import type { Expression } from '../aws/expression.ts';
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
  const entries = Object.entries(change.set ?? {});
  const given = entries.filter(([, value]) => value !== undefined);
  const set = given.length === entries.length ? (change.set as Columns | undefined) : Object.fromEntries(given);
  const row: Columns = { ...key, ...set };
  for (const [column, value] of Object.entries(change.add ?? {})) {
    if (value !== undefined && typeof value !== 'bigint' && !Number.isFinite(value)) {
      throw new InvalidPayload(`'${name}' is invalid: ${column} grows by ${typeof value}, no finite number`, {
        fields: [column],
      });
    }
  }
  const made = creates ? (validate(item, { ...row, ...change.add }, name) as Columns) : {};
  for (const column of change.remove ?? []) validateColumn(item, row, String(column), name);
  return Object.fromEntries(
    given.map(([column, value]) => {
      const schema = columnSchema(item, column);
      // What the schema has made of the row it has made of the column, too.
      if (schema) return [column, Object.hasOwn(made, column) ? made[column] : validate(schema, value, name, column)];
      validateColumn(item, row, column, name);
      return [column, value];
    }),
  );
}

/** The clauses of an update as one text, empty when nothing changes. Columns that are `undefined` are left out. */
export function updateExpression(expression: Expression, { set, add, remove }: AnyChange): string {
  const clauses = [
    clause('SET', assignments(expression, set, ' = ')),
    clause('ADD', assignments(expression, add, ' ')),
    clause('REMOVE', remove?.map((column) => expression.name(String(column))) ?? []),
  ];
  return clauses.filter((text) => text !== '').join(' ');
}

/** `#n0 = :v0` of each column that has a value. */
function assignments(expression: Expression, columns: object | undefined, operator: string): string[] {
  const terms: string[] = [];
  for (const [column, value] of Object.entries(columns ?? {})) {
    if (value !== undefined) terms.push(expression.name(column) + operator + expression.value(column, value));
  }
  return terms;
}

function clause(keyword: string, terms: readonly string[]): string {
  return terms.length > 0 ? `${keyword} ${terms.join(', ')}` : '';
}
