import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Counts } from '../aws/invocation.ts';
import { LIMITS } from '../contract/limits.ts';
import { MINUTE_MS, SECOND_MS } from '../contract/time.ts';
import { type Ledger, updateRow } from '../ledger/ledger.ts';
import { readOutboxRows } from '../ledger/outbox.ts';
import { partition, rowsOf } from '../ledger/partition.ts';
import type { RouteBook } from '../ledger/route-book.ts';
import { OUTBOX_PREFIX } from '../ledger/rows/layout.ts';
import {
  UNROUTED_TYPES,
  type UnroutedRow,
  type UnroutedTypeRow,
  unroutedPartition,
  unroutedTypeKey,
} from '../ledger/rows/unrouted.ts';
import { momentOf } from '../message/delivery-time.ts';
import { dispatch } from './dispatch.ts';
import { readLater } from './hand-over.ts';

export interface BackfillOptions {
  readonly ledger: Ledger;
  readonly book: RouteBook;
  readonly counts: Counts;
  /** Whether nothing new is to be begun. */
  readonly isTimeUp: () => boolean;
}

/**
 * A relay that has read the routes before the first of them was written notes its bucket no later than this. So long after
 * its beginning a backfill looks once more, at what was noted late, and is done.
 */
const SETTLED_MS = 15 * MINUTE_MS;

/**
 * Sends what waited for a first subscriber: of each event type that has a route by now, the messages in the buckets that
 * were noted, oldest first. How far it came is written into the event type's row, so that the next run goes on there. To
 * send a message twice harms nobody.
 */
export async function backfill(options: BackfillOptions): Promise<void> {
  const { ledger, book, isTimeUp } = options;
  const rows = await rowsOf(ledger, UNROUTED_TYPES, { consistent: true });
  for (const row of rows) {
    const state = unmarshall({ ...row }) as UnroutedTypeRow;
    if (state.done !== undefined || !(await book.hasRoutes(state.sk))) continue;
    if (isTimeUp()) return options.counts.add('unfilled');
    await fill(options, state);
  }
}

async function fill(options: BackfillOptions, state: UnroutedTypeRow): Promise<void> {
  const { ledger, counts } = options;
  const now = ledger.environment.now();
  const { began = now, upTo } = state;
  const isSettled = now >= began + SETTLED_MS;
  let sent = 0;
  let last = upTo;
  let isThrough = true;
  const range = { consistent: true, ...(!isSettled && upTo !== undefined && { from: upTo }) };
  pages: for await (const page of partition(ledger, unroutedPartition(state.sk), range)) {
    for (const row of page) {
      const { sk, at } = unmarshall({ ...row }) as UnroutedRow;
      // Up to there all was sent, but for what was noted after the backfill had come past it.
      if (last !== undefined && sk <= last && !(isSettled && at >= began)) continue;
      if (options.isTimeUp()) {
        isThrough = false;
        break pages;
      }
      sent += await fillBucket(options, state.sk, sk);
      if (last === undefined || sk > last) last = sk;
    }
  }
  counts.add('backfilled', sent);
  await updateRow(ledger, unroutedTypeKey(state.sk), {
    UpdateExpression: `SET began = :began, sent = :sent${last === undefined ? '' : ', upTo = :upTo'}${isThrough && isSettled ? ', done = :now' : ''}`,
    ExpressionAttributeValues: {
      ':began': { N: `${began}` },
      ':sent': { N: `${(state.sent ?? 0) + sent}` },
      ...(last !== undefined && { ':upTo': { S: last } }),
      ...(isThrough && isSettled && { ':now': { N: `${now}` } }),
    },
  });
}

/**
 * Sends the messages of an event type that lie in a bucket, but for those that were cancelled, and those that wait for their
 * moment: whoever sends them then goes by the routes of that time.
 */
async function fillBucket({ ledger, book, counts }: BackfillOptions, type: string, bucket: string): Promise<number> {
  let sent = 0;
  for await (const page of partition(ledger, `${OUTBOX_PREFIX}${bucket}`, { consistent: true })) {
    // Rows of the first format say their type in their envelopes alone.
    const rows = page.filter((row) => !row.cancelled && (row.type?.S ?? type) === type);
    const { envelopes, later } = readOutboxRows(ledger, rows, counts);
    const near = ledger.environment.now() + LIMITS.queueDelaySeconds * SECOND_MS;
    const wanted = envelopes.filter((envelope) => envelope.type === type && momentOf(envelope) <= near);
    await dispatch(ledger, book, wanted, counts);
    await readLater(ledger.environment, later);
    sent += wanted.length + later.length;
  }
  return sent;
}
