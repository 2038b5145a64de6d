/** On the comparisons of every copy of the package that a process has loaded: `instanceof` knows only those of one. */
const MARK = Symbol.for('waybill.comparison');

/** Compares a column with a value, see `atLeast` and its siblings. */
export class Comparison<Value> {
  static {
    Object.defineProperty(Comparison.prototype, MARK, { value: true });
  }

  readonly operator: ComparisonOperator;
  readonly values: readonly Value[];

  constructor(operator: ComparisonOperator, values: readonly Value[]) {
    this.operator = operator;
    this.values = values;
  }
}

export function isComparison(value: unknown): value is Comparison<unknown> {
  return typeof value === 'object' && value !== null && (value as { readonly [MARK]?: unknown })[MARK] === true;
}

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=' | 'in' | 'exists' | 'absent';

/**
 * What must hold of a row for a write to take effect: that the row is there or is not, or of each named column its exact
 * value or a comparison. All columns must satisfy theirs; a column that is missing satisfies none but `absent()`.
 */
export type When<Item> =
  | 'present'
  | 'absent'
  | { readonly [Column in keyof Item]?: Item[Column] | Comparison<NonNullable<Item[Column]>> };

type Ordered = number | bigint | string;

/** The column is at least this. */
export function atLeast<Value extends Ordered>(value: Value): Comparison<Value> {
  return new Comparison('>=', [value]);
}

/** The column is at most this. */
export function atMost<Value extends Ordered>(value: Value): Comparison<Value> {
  return new Comparison('<=', [value]);
}

/** The column is more than this. */
export function moreThan<Value extends Ordered>(value: Value): Comparison<Value> {
  return new Comparison('>', [value]);
}

/** The column is less than this. */
export function lessThan<Value extends Ordered>(value: Value): Comparison<Value> {
  return new Comparison('<', [value]);
}

/** The column is there and is not this. */
export function not<const Value>(value: Value): Comparison<Value> {
  return new Comparison('<>', [value]);
}

/** The column is one of these: from 1 to 100. */
export function oneOf<const Value>(...values: readonly [Value, ...Value[]]): Comparison<Value> {
  return new Comparison('in', values);
}

/** The column is there, whatever its value. */
export function present(): Comparison<never> {
  return new Comparison<never>('exists', []);
}

/** The column is not there. */
export function absent(): Comparison<never> {
  return new Comparison<never>('absent', []);
}
