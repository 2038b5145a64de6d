import { InvalidMapping } from './errors.ts';
import type { EventPattern } from './mapping.ts';

/**
 * Whether a record satisfies one of the patterns, or there are none. Known are values, `null`, `prefix`, `suffix`,
 * `exists`, `anything-but` (values), `equals-ignore-case` and `numeric`. A list satisfies what one of its elements does.
 *
 * @param record as the function would receive it, but with its body or data decoded where that is JSON
 * @throws InvalidMapping when a comparison is not known: a filter that is ignored would prove nothing
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html
 */
export function matchesAny(record: unknown, patterns: readonly EventPattern[] | undefined): boolean {
  return patterns === undefined || patterns.length === 0 || patterns.some((pattern) => matches(record, pattern));
}

function matches(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((rule: unknown) => satisfies(value, rule));
  if (!isObject(pattern)) throw unknown(pattern);
  if (Array.isArray(value) && value.length > 0) return value.some((one: unknown) => matches(one, pattern));
  return Object.entries(pattern).every(([name, inner]) => {
    if (name === '$or' && Array.isArray(inner)) return inner.some((one: unknown) => matches(value, one));
    return matches(isObject(value) ? value[name] : undefined, inner);
  });
}

function satisfies(value: unknown, rule: unknown): boolean {
  const compare = comparisonOf(rule);
  // Whether something is there, or is something else, says of a list what it says of no element of it.
  if (!Array.isArray(value) || (isObject(rule) && 'exists' in rule)) return compare(value);
  if (isObject(rule) && 'anything-but' in rule) throw unknown(rule, ' over a list');
  return value.flat(Number.POSITIVE_INFINITY).some(compare);
}

type Compare = (value: unknown) => boolean;

function comparisonOf(rule: unknown): Compare {
  if (Array.isArray(rule) || rule === undefined) throw unknown(rule);
  if (!isObject(rule)) return (value) => value === rule;
  const [comparison, ...others] = Object.entries(rule);
  if (!comparison || others.length > 0) throw unknown(rule);
  const [name, operand] = comparison;
  const onText = (holds: (value: string, wanted: string) => boolean): Compare => {
    if (typeof operand !== 'string') throw unknown(rule);
    return (value) => typeof value === 'string' && holds(value, operand);
  };
  switch (name) {
    case 'prefix':
      return onText((value, start) => value.startsWith(start));
    case 'suffix':
      return onText((value, end) => value.endsWith(end));
    case 'equals-ignore-case':
      return onText((value, wanted) => value.toLowerCase() === wanted.toLowerCase());
    case 'exists':
      if (typeof operand !== 'boolean') throw unknown(rule);
      // Only a leaf exists.
      return (value) => (value !== undefined && !isObject(value)) === operand;
    case 'anything-but': {
      const unwanted: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
      if (unwanted.some((one) => typeof one !== 'string' && typeof one !== 'number')) throw unknown(rule);
      return (value) => value !== undefined && !isObject(value) && !unwanted.includes(value);
    }
    case 'numeric': {
      if (!Array.isArray(operand) || operand.length === 0 || operand.length % 2 > 0) throw unknown(rule);
      // Asked of any number, so that an operator that is not known is refused whatever comes.
      isWithin(0, operand);
      return (value) => typeof value === 'number' && isWithin(value, operand);
    }
    default:
      throw unknown(rule);
  }
}

/** @param range pairs of an operator and a number, e.g. `['>', 0, '<=', 5]` */
function isWithin(value: number, range: readonly unknown[]): boolean {
  const bounds = Array.from({ length: range.length / 2 }, (_, index) => {
    const [operator, bound] = range.slice(2 * index, 2 * index + 2);
    if (typeof bound !== 'number') throw unknown(range);
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    }[String(operator)];
    if (holds === undefined) throw unknown(range);
    return holds;
  });
  return bounds.every(Boolean);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknown(rule: unknown, where = ''): InvalidMapping {
  return new InvalidMapping(`The event source poller does not know the filter ${JSON.stringify(rule)}${where}`);
}
