import { cron } from './cron.ts';
import { invalidExpression } from './invalid-expression.ts';

/** When a schedule is due. */
export interface Recurrence {
  /** Whether it is due once only. */
  readonly once: boolean;
  /**
   * The first moment after another one at which it is due, in milliseconds since the epoch; `undefined` when there is none.
   *
   * @param begin the schedule's start: not before it, and a rate counts from it; a moment given by `at` does not mind it
   */
  next(begin: number, after: number): number | undefined;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const MAX_CHARACTERS = 256;

/**
 * Reads a schedule expression: `at(yyyy-mm-ddThh:mm:ss)`, `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)`, in UTC.
 *
 * @throws ValidationException for anything else
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function recurrence(expression: string): Recurrence {
  const [, kind, inner = ''] = /^(at|rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (expression.length > MAX_CHARACTERS) throw invalidExpression(expression);
  if (kind === 'at') return at(inner, expression);
  if (kind === 'rate') return rate(inner, expression);
  if (kind === 'cron') {
    const from = cron(inner);
    return { once: false, next: (begin, after) => from(Math.max(begin, after + 1)) };
  }
  throw invalidExpression(expression);
}

function at(inner: string, expression: string): Recurrence {
  const due = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(inner) ? Date.parse(`${inner}Z`) : Number.NaN;
  // `Date.parse` takes the 31st of February for the 3rd of March.
  if (Number.isNaN(due) || !new Date(due).toISOString().startsWith(inner)) throw invalidExpression(expression);
  return { once: true, next: (_, after) => (due > after ? due : undefined) };
}

function rate(inner: string, expression: string): Recurrence {
  const [, count = '', unit = '', plural] = /^([1-9]\d{0,5}) (minute|hour|day)(s)?$/.exec(inner) ?? [];
  const interval = Number(count) * (UNITS[unit] ?? 0);
  if (interval === 0 || (Number(count) === 1) === (plural === 's')) throw invalidExpression(expression);
  const times = (begin: number, after: number) => (after < begin ? 0 : Math.floor((after - begin) / interval) + 1);
  return { once: false, next: (begin, after) => begin + times(begin, after) * interval };
}
