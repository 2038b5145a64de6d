import type { Duration } from 'aws-cdk-lib';
import { LEAST_OF_QUEUE, MOST_OF_SHARD, SCALE_DEFAULTS, type ScaleSettings } from '../../contract/scale.ts';

/** How much a subscriber takes on at once, by how much waits for it. */
export interface ScaleOptions {
  /** The fewest invocations at once, from 1 to 1000. SQS takes no less than 2. Of a stream by shard: its parallelization factor, from 1 to 10. @default 1 */
  readonly min?: number;
  /** The most invocations at once, up to 1000; of a stream up to 10 by shard. @default 10 */
  readonly max?: number;
  /** Messages that wait or are being handled above which twice as many invocations run at once. @default 100000 */
  readonly doubleAbove?: number;
  /** Messages that wait or are being handled below which half as many do. At most half of `doubleAbove`. @default 1000 */
  readonly halveBelow?: number;
  /** How long a change is given to show before the next, from 0 to 1 hour. @default Duration.minutes(1), of a stream Duration.minutes(5) */
  readonly cooldown?: Duration;
  /**
   * Has more run at once from a quarter of an hour before the hours in which much is to be expected, by what the radar has counted of
   * each hour in two weeks. `perSecond`: messages that one invocation handles a second, of a batch of 10 that takes a second 10.
   * @default what waits alone decides
   */
  readonly forecast?: { readonly perSecond: number };
  /**
   * Has a stream with a `shardCount` be given twice as many shards, up to so many, where `max` by shard does not do; and half as many again,
   * down to its `shardCount`, after six hours in which `min` does. Kinesis takes 10 such changes a day. At one of a stream's subscribers only.
   * @default the shards stay as they are; those of a stream on demand are Kinesis' to scale
   */
  readonly maxShards?: number;
}

/**
 * What the run time is told of how a subscriber scales: only what was given.
 *
 * @param shardCount of the stream that it reads, where that is provisioned
 */
export function scaleSettings(
  { cooldown, maxShards, ...given }: ScaleOptions,
  shardCount?: number,
): Partial<ScaleSettings> {
  return {
    ...given,
    ...(cooldown && { cooldown: cooldown.toMilliseconds() }),
    ...(maxShards !== undefined && shardCount !== undefined && { shards: { min: shardCount, max: maxShards } }),
  };
}

/** The bounds of what an event source is set to. */
export function scaleBounds(options: ScaleOptions, isStream: boolean): Pick<ScaleSettings, 'min' | 'max'> {
  const { min, max } = { ...SCALE_DEFAULTS, ...options };
  const least = isStream ? min : Math.max(LEAST_OF_QUEUE, min);
  return { min: least, max: Math.max(least, max) };
}

/** A channel, as far as it bounds what scales. */
export interface Scalable {
  readonly isStream: boolean;
  /** Of a stream that is provisioned. */
  readonly shardCount?: number | undefined;
}

/** What of a scaler is out of range, if anything. */
export function* scaleRefusals(options: ScaleOptions, { isStream, shardCount }: Scalable): Iterable<string> {
  const { min, max, doubleAbove, halveBelow, cooldown } = { ...SCALE_DEFAULTS, ...scaleSettings(options) };
  const most = isStream ? MOST_OF_SHARD : 1000;
  if (!whole(min, 1, most)) yield `\`scale: { min }\` is ${min}: give a whole number from 1 to ${most}`;
  if (!whole(max, min, most))
    yield `\`scale: { max }\` is ${max}: give a whole number from \`min\`, ${min}, to ${most}`;
  yield* shardRefusals(options, shardCount);
  if (isStream && options.forecast) {
    yield '`scale: { forecast }` is for queues: how many shards share the work of a stream is not known beforehand';
  }
  if (!whole(doubleAbove, 2, 1e9)) {
    yield `\`scale: { doubleAbove }\` is ${doubleAbove}: give a whole number of messages from 2 on`;
  }
  if (!whole(halveBelow, 1, doubleAbove / 2)) {
    yield `\`scale: { halveBelow }\` is ${halveBelow}: give a whole number from 1 to half of \`doubleAbove\`, ${doubleAbove}, or it would flap`;
  }
  const { perSecond } = options.forecast ?? {};
  if (perSecond !== undefined && !(perSecond > 0 && perSecond <= 1e6)) {
    yield `\`scale: { forecast: { perSecond } }\` is ${perSecond}: give the messages that one invocation handles a second`;
  }
  if (!(cooldown >= 0 && cooldown <= 3_600_000)) yield `\`scale: { cooldown }\` is ${cooldown} ms: give up to 1 hour`;
}

function* shardRefusals({ maxShards }: ScaleOptions, shardCount: number | undefined): Iterable<string> {
  if (maxShards === undefined) return;
  if (shardCount === undefined) {
    yield '`scale: { maxShards }` needs a StreamChannel with a `shardCount`: Kinesis itself scales a stream on demand, and a queue has no shards';
  } else if (!whole(maxShards, shardCount, MOST_SHARDS)) {
    yield `\`scale: { maxShards }\` is ${maxShards}: give a whole number from \`shardCount\`, ${shardCount}, to ${MOST_SHARDS}`;
  }
}

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
const MOST_SHARDS = 10_000;

function whole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
