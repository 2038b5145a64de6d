import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { messageTime } from '../message/message-id.ts';
import { receivable } from './high-water.ts';
import { type Ledger, queryPage } from './ledger.ts';
import { projectionOf } from './projection.ts';
import { inboxPartition } from './rows/inbox.ts';
import { outboxPartition } from './rows/outbox.ts';

/** What of the messages that were committed lately has ended at a subscriber. */
export interface Ends {
  /** When the newest end was, in milliseconds since the epoch. */
  readonly newest: number;
  /** How long the slowest of those that were looked at took from its receipt to its end, in milliseconds. */
  readonly longest: number;
  /** The same from when it could be received. */
  readonly slowest: number;
}

/** Messages that were committed longer ago are not looked for. */
const MINUTES = 3;
/** The newest of a minute and shard: what was committed last ends last, as a rule. */
const NEWEST = 5;
const NEWEST_COMMITTED = 20;
const READS_AT_ONCE = 16;
const COMMITTED = projectionOf('sk', 'type', 'deliverat', 'cancelled', 'sending');
const HOPS = projectionOf('hops.relayed', 'hops.due', 'hops.received', 'hops.ended');

/**
 * Looks for what has ended at a subscriber, the newest minute first; no further back than one minute before the first in which
 * something has. Where something has ended since a moment, no more is looked for.
 *
 * @returns `undefined` where nothing has that was committed within three minutes
 */
export async function endsLately(ledger: Ledger, subscriber: string, since: number): Promise<Ends | undefined> {
  const now = ledger.environment.now();
  let [newest, longest, slowest, minutesAfter] = [0, 0, 0, 0];
  for (let back = 0; back < MINUTES && minutesAfter < 2 && newest <= since; back++) {
    const minute = minuteOf(now - back * MINUTE_MS);
    for (let shard = 0; shard < ledger.shards && newest <= since; shard += READS_AT_ONCE) {
      const shards = Array.from(
        { length: Math.min(READS_AT_ONCE, ledger.shards - shard) },
        (_, index) => shard + index,
      );
      await concurrently(READS_AT_ONCE, shards, async (one) => {
        const page = { ScanIndexForward: false, Limit: NEWEST, ...HOPS };
        const { Items = [] } = await queryPage(ledger, inboxPartition(subscriber, minute, one), page);
        for (const { hops } of Items) {
          const { received = 0, ended = 0, relayed, due } = numbersIn(hops);
          newest = Math.max(newest, ended);
          longest = Math.max(longest, ended - received);
          slowest = Math.max(slowest, ended - (receivable({ relayed, due, ended }) || received));
        }
      });
    }
    if (newest > 0) minutesAfter += 1;
  }
  return newest > 0 ? { newest, longest, slowest } : undefined;
}

/**
 * Whether a message of some types was committed between two moments, within a minute before the second, as far as the newest
 * of each minute and shard tell. One that waits for its moment, was cancelled, or is sent by its producer does not count.
 */
export async function isCommitted(
  ledger: Ledger,
  types: ReadonlySet<string>,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const minutes = [...new Set([minuteOf(Math.max(from, to - MINUTE_MS)), minuteOf(to)])];
  const partitions = minutes.flatMap((minute) =>
    Array.from({ length: ledger.shards }, (_, shard) => outboxPartition(minute, shard)),
  );
  const found = await concurrently(READS_AT_ONCE, partitions, async (pk) => {
    const { Items = [] } = await queryPage(ledger, pk, {
      ScanIndexForward: false,
      Limit: NEWEST_COMMITTED,
      ...COMMITTED,
    });
    return Items.some(({ sk, type, deliverat, cancelled, sending }) => {
      const at = messageTime(sk?.S ?? '');
      return at > from && at <= to && types.has(type?.S ?? '') && !deliverat && !cancelled && !sending;
    });
  });
  return found.includes(true);
}

function numbersIn(hops: AttributeValue | undefined): Partial<Record<string, number>> {
  const numbers = Object.entries(hops?.M ?? {}).map(([name, { N }]) => [name, Number(N)] as const);
  return Object.fromEntries(numbers);
}
