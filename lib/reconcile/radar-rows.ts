import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import { DAY_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { type Ledger, putRow } from '../ledger/ledger.ts';
import { type Row, rowsOf } from '../ledger/partition.ts';
import { radarKey, radarPartition } from '../ledger/rows/radar.ts';
import { ofGroup } from './shard-groups.ts';
import { addLines, type LineCounts, type Lines } from './totals.ts';

/** What reconciliation last counted of a business line's messages of one minute. */
export interface RadarBucket extends LineCounts {
  readonly businessLine: string;
  /** `2026-11-23T08:14`, UTC: the minute in the messages' ids. */
  readonly minute: string;
  /** Messages that are missing somewhere. */
  readonly missing: number;
  /** When it was counted, in milliseconds since the epoch. */
  readonly asOf: number;
}

const ROWS_AT_ONCE = 8;
/** A year of minutes is what the radar shows; then DynamoDB cleans up. */
const LIFETIME_MS = 400 * DAY_MS;

/**
 * Writes counts over older ones. They are absolute, so that a run that is repeated changes nothing, and a run that is
 * overtaken by a later one leaves that one's counts.
 *
 * @param group of the shards in which was counted: each group has rows of its own
 */
export async function writeRadar(ledger: Ledger, buckets: readonly RadarBucket[], group = 0): Promise<void> {
  await concurrently(ROWS_AT_ONCE, buckets, async (bucket) => {
    const ttl = Math.ceil((Date.parse(`${bucket.minute}Z`) + LIFETIME_MS) / 1000);
    await putRow(
      ledger,
      { ...radarKey(bucket.businessLine, ofGroup(bucket.minute, group)), ...bucket, ttl },
      {
        ConditionExpression: 'attribute_not_exists(asOf) OR asOf < :asOf',
        ExpressionAttributeValues: { ':asOf': { N: String(bucket.asOf) } },
      },
    );
  });
}

/**
 * The counts of business lines over a range of time, by line, oldest first: those of all groups of shards together. A
 * minute without messages has none.
 */
export async function readRadar(
  ledger: Ledger,
  businessLines: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ReadonlyMap<string, readonly RadarBucket[]>> {
  const range = { from: minuteOf(from), to: `${minuteOf(to)}~` };
  const rows = await concurrently(ROWS_AT_ONCE, businessLines, (line) => rowsOf(ledger, radarPartition(line), range));
  return new Map(businessLines.map((line, index) => [line, inMinutes((rows[index] ?? []).map(bucketOf))]));
}

/** Rows of one minute lie side by side, one for each group of shards. The whole is as old as the oldest of them. */
function inMinutes(rows: readonly RadarBucket[]): RadarBucket[] {
  const minutes: RadarBucket[] = [];
  for (const row of rows) {
    const last = minutes.at(-1);
    if (last?.minute === row.minute) minutes[minutes.length - 1] = together(last, row);
    else minutes.push(row);
  }
  return minutes;
}

function together(one: RadarBucket, other: RadarBucket): RadarBucket {
  const { businessLine, minute, asOf, ...counts } = one;
  const { businessLine: _line, minute: _minute, asOf: otherAsOf, ...others } = other;
  const lines: Lines = {};
  for (const some of [counts, others]) addLines(lines, { [businessLine]: some });
  return { businessLine, minute, asOf: Math.min(asOf, otherAsOf), ...(lines[businessLine] as typeof counts) };
}

function bucketOf(row: Row): RadarBucket {
  const { pk: _pk, sk: _sk, ttl: _ttl, ...bucket } = unmarshall({ ...row });
  return bucket as RadarBucket;
}
