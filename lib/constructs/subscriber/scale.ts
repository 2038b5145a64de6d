import type { Duration } from 'aws-cdk-lib';
import { LEAST_OF_QUEUE, SCALE_DEFAULTS, type ScaleSettings } from '../../contract/scale.ts';

/** How much a subscriber takes on at once, by how much waits for it. */
export interface ScaleOptions {
  /** The fewest invocations at once, from 1 to 1000. SQS takes no less than 2. @default 1 */
  readonly min?: number;
  /** The most invocations at once, up to 1000. @default 10 */
  readonly max?: number;
  /** Messages that wait or are being handled above which twice as many invocations run at once. @default 100000 */
  readonly doubleAbove?: number;
  /** Messages that wait or are being handled below which half as many do. At most half of `doubleAbove`. @default 1000 */
  readonly halveBelow?: number;
  /** How long a change is given to show before the next, from 0 to 1 hour. @default Duration.minutes(1) */
  readonly cooldown?: Duration;
  /**
   * Has more run at once from a quarter of an hour before the hours in which much is to be expected, by what the radar has counted of
   * each hour in two weeks. `perSecond`: messages that one invocation handles a second, of a batch of 10 that takes a second 10.
   * @default what waits alone decides
   */
  readonly forecast?: { readonly perSecond: number };
}

/** What the run time is told of how a subscriber scales: only what was given. */
export function scaleSettings({ cooldown, ...given }: ScaleOptions): Partial<ScaleSettings> {
  return { ...given, ...(cooldown && { cooldown: cooldown.toMilliseconds() }) };
}

/** The bounds of what a queue's event source is set to. */
export function scaleBounds(options: ScaleOptions): Pick<ScaleSettings, 'min' | 'max'> {
  const { min, max } = { ...SCALE_DEFAULTS, ...options };
  const least = Math.max(LEAST_OF_QUEUE, min);
  return { min: least, max: Math.max(least, max) };
}

/** What of a scaler is out of range, if anything. */
export function* scaleRefusals(options: ScaleOptions, isStream: boolean): Iterable<string> {
  const { min, max, doubleAbove, halveBelow, cooldown } = { ...SCALE_DEFAULTS, ...scaleSettings(options) };
  if (isStream) {
    yield '`scale` is for queues: a stream is read by shard, so give `parallelizationFactor`, or let Kinesis scale the stream';
  }
  if (!whole(min, 1, 1000)) yield `\`scale: { min }\` is ${min}: give a whole number from 1 to 1000`;
  if (!whole(max, min, 1000)) yield `\`scale: { max }\` is ${max}: give a whole number from \`min\`, ${min}, to 1000`;
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

function whole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
