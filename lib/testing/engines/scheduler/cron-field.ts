import { invalidExpression } from './invalid-expression.ts';

/** One of the fields of a cron expression that are plain sets of numbers. */
export interface FieldRange {
  readonly min: number;
  readonly max: number;
  /** Names that stand for `min`, `min + 1` … @default none */
  readonly names?: readonly string[];
}

/**
 * The numbers that a field names: `*`, `5`, `1,3`, `1-5`, and any of them with a step, `0/15`.
 *
 * @throws ValidationException for anything else
 */
export function cronField(text: string, range: FieldRange): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const [span = '', step, ...others] = part.split('/');
    const [first, last] = spanOf(span, step !== undefined, range);
    const by = step === undefined ? 1 : wholeNumber(step);
    if (others.length > 0 || by < 1) throw invalidExpression();
    for (let number = first; number <= last; number += by) numbers.add(number);
  }
  return numbers;
}

/** A number of a field, or a name of one. */
export function cronNumber(text: string, { min, max, names = [] }: FieldRange): number {
  const index = names.indexOf(text.toUpperCase());
  const number = index >= 0 ? min + index : wholeNumber(text);
  if (number < min || number > max) throw invalidExpression();
  return number;
}

function spanOf(span: string, hasStep: boolean, range: FieldRange): readonly [first: number, last: number] {
  if (span === '*') return [range.min, range.max];
  const [from = '', to, ...others] = span.split('-');
  const first = cronNumber(from, range);
  if (to === undefined) return [first, hasStep ? range.max : first];
  const last = cronNumber(to, range);
  if (others.length > 0 || last < first) throw invalidExpression();
  return [first, last];
}

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw invalidExpression();
  return Number(text);
}
