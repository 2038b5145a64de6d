import { quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { Expression } from '../aws/expression.ts';
import { DAY_MS } from '../contract/time.ts';
import { type Ledger, updateRow } from './ledger.ts';
import { type CauseRow, causeKey, causeOf, frameOf, type Reason } from './rows/cause.ts';

/** What is dead, and of what. */
interface Died extends Reason {
  readonly subscriber: string;
  readonly envelope?: { readonly id: string };
  readonly id?: string;
}

const MAX_SAMPLE = 1_000;
/** So long after the last death nobody asks any more. */
const KEPT_MS = 90 * DAY_MS;

/**
 * Counts a death by its cause. The row is hot where many die at once, so it is no part of the transaction that ends the
 * message: a count that fails is logged, and the message is dead all the same.
 */
export async function noteCause(ledger: Ledger, died: Died): Promise<void> {
  const { subscriber, envelope, reason = 'unknown', detail = '', at } = died;
  const cause = causeOf(died);
  const now = ledger.environment.now();
  const set: Omit<CauseRow, 'pk' | 'sk' | 'first' | 'died'> = {
    reason,
    sample: detail.slice(0, MAX_SAMPLE),
    id: envelope?.id ?? died.id ?? '',
    frame: frameOf(at),
    last: now,
    ttl: Math.ceil((now + KEPT_MS) / 1000),
  };
  const expression = new Expression('a cause');
  const assignments = Object.entries(set).flatMap(([column, value]) =>
    value === undefined ? [] : `${expression.name(column)} = ${expression.value(column, value)}`,
  );
  const first = expression.name('first');
  assignments.push(`${first} = if_not_exists(${first}, ${expression.value('first', now)})`);
  try {
    await updateRow(ledger, causeKey(subscriber, cause), {
      UpdateExpression: `SET ${assignments.join(', ')} ADD ${expression.name('died')} ${expression.value('died', 1)}`,
      ...expression.attributes(),
    });
  } catch (error) {
    quietly(() => ledger.environment.log.warn('cause not counted', { subscriber, cause, ...errorTrace(error) }));
  }
}
