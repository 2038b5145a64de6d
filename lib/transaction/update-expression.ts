import type { Expression } from '../aws/expression.ts';
import type { Change } from './transaction.ts';

/** The clauses of an update as one text, empty when nothing changes. Columns that are `undefined` are left out. */
export function updateExpression(
  expression: Expression,
  { set, add, remove }: Pick<Change<object>, 'set' | 'add'> & { readonly remove?: readonly PropertyKey[] | undefined },
): string {
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
