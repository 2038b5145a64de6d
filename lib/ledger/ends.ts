import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { type Ledger, queryPage } from './ledger.ts';
import { projectionOf } from './projection.ts';
import { inboxPartition } from './rows/inbox.ts';

/** What of the messages that were committed lately has ended at a subscriber. */
export interface Ends {
  /** When the newest end was, in milliseconds since the epoch. */
  readonly newest: number;
  /** How long the slowest of those that were looked at took from its receipt to its end, in milliseconds. */
  readonly longest: number;
}

/** Messages that were committed longer ago are not looked for. */
const MINUTES = 3;
/** The newest of a minute and shard: what was committed last ends last, as a rule. */
const NEWEST = 5;
const READS_AT_ONCE = 16;
const HOPS = projectionOf('hops.received', 'hops.ended');

/**
 * Looks for what has ended at a subscriber, the newest minute first; no further back than one minute before the first in which
 * something has. Where something has ended since a moment, no more is looked for.
 *
 * @returns `undefined` where nothing has that was committed within three minutes
 */
export async function endsLately(ledger: Ledger, subscriber: string, since: number): Promise<Ends | undefined> {
  const now = ledger.environment.now();
  let [newest, longest, minutesAfter] = [0, 0, 0];
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
          const [received, ended] = [hops?.M?.received, hops?.M?.ended].map(numberIn);
          newest = Math.max(newest, ended ?? 0);
          longest = Math.max(longest, (ended ?? 0) - (received ?? 0));
        }
      });
    }
    if (newest > 0) minutesAfter += 1;
  }
  return newest > 0 ? { newest, longest } : undefined;
}

function numberIn(value: AttributeValue | undefined): number {
  return Number(value?.N ?? 0);
}
