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
  refuseNoGrowth(name, change.add as Columns | undefined);
  const given = withoutUndefined(change.set as Columns | undefined);
  const made = creates ? (validate(item, { ...key, ...given, ...change.add }, name) as Columns) : NONE;
  for (const column of change.remove ?? []) validateColumn(item, { ...key, ...given }, String(column), name);
  let set = given;
  for (const column of Object.keys(given)) {
    const schema = columnSchema(item, column);
    if (!schema) {
      validateColumn(item, { ...key, ...given }, column, name);
      continue;
    }
    // What the schema has made of the row it has made of the column, too.
    const value = Object.hasOwn(made, column) ? made[column] : validate(schema, given[column], name, column);
    if (value !== given[column]) set = { ...set, [column]: value };
  }
  return set;
}

const NONE: Columns = {};

function withoutUndefined(columns: Columns = NONE): Columns {
  for (const column in columns) {
    if (columns[column] === undefined)
      return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
  }
  return columns;
}

/** @throws InvalidPayload naming the first column that would grow by what is no finite number */
function refuseNoGrowth(name: string, add: Columns = NONE): void {
  for (const column of Object.keys(add)) {
    const value = add[column];
    if (value === undefined || typeof value === 'bigint' || Number.isFinite(value)) continue;
    throw new InvalidPayload(`'${name}' is invalid: ${column} grows by ${typeof value}, no finite number`, {
      fields: [column],
    });
  }
}

/** The clauses of an update as one text, empty when nothing changes. Columns that are `undefined` are left out. */
export function updateExpression(expression: Expression, { set, add, remove }: AnyChange): string {
  let text = '';
  if (set) text = withClause(text, 'SET', assignments(expression, set as Columns, ' = '));
  if (add) text = withClause(text, 'ADD', assignments(expression, add as Columns, ' '));
  if (remove) text = withClause(text, 'REMOVE', remove.map((column) => expression.name(String(column))).join(', '));
  return text;
}

/** `#n0 = :v0` of each column that has a value. */
function assignments(expression: Expression, columns: Columns, operator: string): string {
  let terms = '';
  for (const column of Object.keys(columns)) {
    const value = columns[column];
    if (value === undefined) continue;
    terms += `${terms && ', '}${expression.name(column)}${operator}${expression.value(column, value)}`;
  }
  return terms;
}

function withClause(text: string, keyword: string, terms: string): string {
  return terms === '' ? text : `${text}${text && ' '}${keyword} ${terms}`;
}
