import { concurrently } from '../aws/concurrently.ts';
import { deadlineOf, type Inspection, RELAY_PATIENCE_MS } from '../inspect/inspection.ts';
import { getRows } from '../ledger/batch-get.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { projectionOf } from '../ledger/projection.ts';
import { dueKey, readDueKey } from '../ledger/rows/due.ts';
import { messageTime } from '../message/message-id.ts';
import type { Waiting } from './bucket.ts';
import { openCase } from './cases.ts';

const CASES_AT_ONCE = 16;

/**
 * Looks after messages that wait for their moment. One with a `due#` row needs no more: the pass over those rows comes past
 * it. One that was sent with a delay has its case opened for when it is due; and one of which nothing says that it was
 * put to wait, for as soon as the relay has had its time. What a reading misses is looked at again before it is sent.
 */
export async function lookAfter(ledger: Ledger, inspection: Inspection, waiting: readonly Waiting[]): Promise<void> {
  const ids = new Map(waiting.map(({ id, deliverAt }) => [id, dueKey(id, deliverAt)]));
  const options = { consistent: false, projection: projectionOf('pk', 'sk') };
  const rows = await getRows(ledger, [...ids.values()], options);
  const swept = new Set(rows.map(({ sk }) => readDueKey({ sk: sk?.S ?? '' }).id));
  const others = waiting.filter(({ id }) => !swept.has(id));
  await concurrently(CASES_AT_ONCE, others, async (one) => {
    const { id, type, businessLine, deliverAt, expires, route } = one;
    const next = (await inspection.isSentWithDelay(one))
      ? deadlineOf(one, route)
      : messageTime(id) + route.deadline + RELAY_PATIENCE_MS;
    const { subscriber } = route;
    await openCase(ledger, {
      id,
      type,
      businessLine,
      deliverAt,
      expires,
      subscriber,
      state: 'waiting',
      tries: 0,
      next,
    });
  });
}
