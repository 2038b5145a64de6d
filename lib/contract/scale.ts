/** How much a subscriber's event source takes on at once, by how much waits. Lengths of time are milliseconds. */
export interface ScaleSettings {
  /** The fewest invocations at once: of a queue, where SQS takes no less than 2; of a stream, by shard. */
  readonly min: number;
  /** The most invocations at once: of a queue up to 1,000; of a stream up to 10, by shard. */
  readonly max: number;
  /** Messages that wait or are in flight, above which as many again are taken on. */
  readonly doubleAbove: number;
  /** Messages that wait or are in flight, below which half as many are taken on. */
  readonly halveBelow: number;
  /** How long a change is given to show before the next. */
  readonly cooldown: number;
  /**
   * Has more taken on before the hours in which much is to be expected. `perSecond`: messages that one invocation handles a
   * second. Absent where nothing is forecast.
   */
  readonly forecast?: { readonly perSecond: number };
  /**
   * Of a stream that is provisioned: with how many shards it was deployed, and how many it is given at most, where the most by
   * shard does not do. Absent where its shards stay as they are, or Kinesis scales them.
   */
  readonly shards?: { readonly min: number; readonly max: number };
}

/** Of a scaler of which nothing else is said. */
export const SCALE_DEFAULTS: ScaleSettings = {
  min: 1,
  max: 10,
  doubleAbove: 100_000,
  halveBelow: 1_000,
  cooldown: 60_000,
};

/** The least that SQS takes for a maximum concurrency. */
export const LEAST_OF_QUEUE = 2;

/** The most that Lambda takes for a shard's parallelization factor. */
export const MOST_OF_SHARD = 10;

/** A change shows in what CloudWatch says of a stream after minutes: the cooldown of a stream's subscriber of which nothing else is said. */
export const STREAM_COOLDOWN_MS = 300_000;

/** What the schedule of a minute tells the scaler. */
export interface ScalerInput {
  /** The settings of each subscriber that scales, by its name: what is not given is as `SCALE_DEFAULTS` says. */
  readonly scale?: Readonly<Record<string, Partial<ScaleSettings>>>;
  /** The subscribers that are watched: then all are looked at every 5 seconds. @default none */
  readonly watch?: readonly string[];
  /** How long an invocation of a subscriber that is watched may last, by its name, in milliseconds. @default 15 minutes */
  readonly timeouts?: Readonly<Record<string, number>>;
  /** For how long an invocation that watches goes on, in milliseconds. @default 55 seconds */
  readonly lasts?: number;
}
