import type { ScaleSettings } from '../contract/scale.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../contract/time.ts';
import type { ScaleRow } from '../ledger/rows/scale.ts';
import type { Reading } from './decide.ts';

/** How many shards a stream is wanted to have, and when that was wanted anew within a day. */
export type Sharded = Required<Pick<ScaleRow, 'shards' | 'resharded'>>;

/**
 * Kinesis takes so many changes of a stream's shards in a day.
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
 */
const MOST_A_DAY = 10;
/** A change takes minutes, and as many until it shows. */
const GROWN_MS = 15 * MINUTE_MS;
/** Fewer shards are wanted after so long in which the least by shard has done. */
const QUIET_MS = 6 * HOUR_MS;

/**
 * How many shards a stream is to have after a reading: twice as many where the most by shard has not done in two readings in a row, half
 * as many after six hours in which the least has; never more changes in a day than Kinesis takes.
 *
 * @param before what was wanted
 * @param isExhausted whether two readings in a row have said that the most by shard does not do
 * @returns `undefined` where they stay as they are
 */
export function decideShards(
  before: ScaleRow | undefined,
  { at, waiting, inFlight }: Reading,
  { shards: bounds, min, halveBelow }: ScaleSettings,
  isExhausted: boolean,
): Sharded | undefined {
  if (!bounds) return undefined;
  const { shards = bounds.min, concurrency = min, changedAt = Number.NEGATIVE_INFINITY } = before ?? {};
  const resharded = (before?.resharded ?? []).filter((moment) => moment > at - DAY_MS);
  if (resharded.length >= MOST_A_DAY) return undefined;
  const last = resharded.at(-1) ?? Number.NEGATIVE_INFINITY;
  const isQuiet = concurrency === min && waiting + inFlight < halveBelow && at - changedAt >= QUIET_MS;
  const wanted =
    isExhausted && at - last >= GROWN_MS ? shards * 2 : isQuiet && at - last >= QUIET_MS ? shards / 2 : shards;
  const within = Math.min(bounds.max, Math.max(bounds.min, Math.ceil(wanted)));
  return within === shards ? undefined : { shards: within, resharded: [...resharded, at] };
}
