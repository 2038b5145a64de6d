import { InvalidMapping } from './errors.ts';
import type { EventPattern } from './mapping.ts';

/**
 * Whether a record satisfies one of the patterns, or there are none. Known are values, `null`, `prefix`, `suffix`,
 * `exists`, `anything-but` (values), `equals-ignore-case` and `numeric`.
 *
 * @param record as the function would receive it, but with its body or data decoded where that is JSON
 * @throws InvalidMapping when a comparison is not known: a filter that is ignored would prove nothing
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export function matchesAny(record: unknown, patterns: readonly EventPattern[] | undefined): boolean {
  return patterns === undefined || patterns.length === 0 || patterns.some((pattern) => matches(record, pattern));
}

function matches(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((rule: unknown) => satisfies(value, rule));
  if (!isObject(pattern)) throw unknown(pattern);
  return Object.entries(pattern).every(([name, inner]) => {
    if (name === '$or' && Array.isArray(inner)) return inner.some((one: unknown) => matches(value, one));
    return matches(isObject(value) ? value[name] : undefined, inner);
  });
}

function satisfies(value: unknown, rule: unknown): boolean {
  if (!isObject(rule)) return Array.isArray(value) ? value.includes(rule) : value === rule;
  const [comparison, ...others] = Object.entries(rule);
  if (!comparison || others.length > 0) throw unknown(rule);
  const [name, operand] = comparison;
  switch (name) {
    case 'prefix':
      return typeof value === 'string' && value.startsWith(String(operand));
    case 'suffix':
      return typeof value === 'string' && value.endsWith(String(operand));
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === String(operand).toLowerCase();
    case 'exists':
      return (value !== undefined) === operand;
    case 'anything-but':
      return value !== undefined && !(Array.isArray(operand) ? operand : [operand]).includes(value);
    case 'numeric':
      return typeof value === 'number' && Array.isArray(operand) && isWithin(value, operand);
    default:
      throw unknown(rule);
  }
}

/** @param range pairs of an operator and a number, e.g. `['>', 0, '<=', 5]` */
function isWithin(value: number, range: readonly unknown[]): boolean {
  for (let index = 0; index < range.length; index += 2) {
    const bound = Number(range[index + 1]);
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    }[String(range[index])];
    if (holds === undefined) throw unknown(range);
    if (!holds) return false;
  }
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknown(rule: unknown): InvalidMapping {
  return new InvalidMapping(`The event source poller does not know the filter ${JSON.stringify(rule)}`);
}
