import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { concurrently } from '../aws/concurrently.ts';
import { type Environment, environmentOf, type GivenContext, quietly, type Sender } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import type { ScalerInput } from '../contract/scale.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import { expectedFloor } from './expectations.ts';
import { readQueue } from './reading.ts';
import { Scaling, settingsOf } from './scaling.ts';
import { StallWatch } from './stall-watch.ts';
import { StreamReadings } from './stream-readings.ts';

/** The Lambda handler that a schedule invokes each minute. */
export type Scaler = (event: ScalerInput, context?: GivenContext) => Promise<void>;

export interface ScalerOptions {
  /** By which it is asked why a subscriber stands still. */
  readonly lambda: (environment: Environment) => Sender<LambdaClient>;
  /** By which it reads how much of a stream waits. Loaded when first used: only subscribers of streams need it. */
  readonly cloudwatch: () => Promise<Sender<CloudWatchClient>>;
}

/** From one reading to the next, where subscribers are watched, in milliseconds. */
export const WATCH_MS = 5_000;
/** For so long an invocation that watches goes on: the next comes a minute after it. */
const WATCHED_MS = 55_000;
const READS_AT_ONCE = 8;
/** Where many change at once, the controller is asked for one each second: Lambda allows an account 15 such calls a second. */
const MOST_DELAY_SECONDS = 900;

/**
 * The scaler: reads how much waits for each subscriber that scales, and decides how much it is to take on at once. It
 * changes nothing itself: event sources are the controller's, which switches them for breakers too. Where subscribers are
 * watched it reads every 5 seconds for a minute, and tells of those from whose queues nobody takes anything.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export function createScaler({ lambda, cloudwatch }: ScalerOptions): Scaler {
  const stalls = new StallWatch();
  const streams = new StreamReadings(cloudwatch);
  return async ({ scale = {}, watch = [], timeouts = {}, lasts = WATCHED_MS }, context = {}) => {
    const environment = environmentOf(context);
    const ledger = ledgerOf(environment);
    const names = [...new Set([...Object.keys(scale), ...watch])];
    await summarize(environment, 'scaler', { subscribers: names.length }, async (counts) => {
      const began = environment.now();
      const { routes } = await readGraph(ledger);
      // One without a route is not deployed yet, or any more.
      const found = names.flatMap((name) => routes.find(({ subscriber }) => subscriber === name) ?? []);
      const every = watch.length > 0 ? WATCH_MS : MINUTE_MS;
      const floors = await floorsOf(ledger, routes, scale, counts);
      const asked = { ledger, lambda: lambda(environment), scale, watch, timeouts };
      const round = new Round({ ...asked, routes, every, floors, stalls, streams, counts });
      for (let next = began; ; next += every) {
        await environment.sleep(Math.max(0, next - environment.now()));
        await round.run(found);
        if (watch.length === 0 || environment.now() + every > began + lasts) return;
      }
    });
  };
}

/** What forecasts ask for. Where one cannot be made, the backlog alone decides. */
async function floorsOf(
  ledger: Ledger,
  routes: readonly Route[],
  scale: NonNullable<ScalerInput['scale']>,
  counts: Counts,
): Promise<ReadonlyMap<string, number>> {
  const floors = new Map<string, number>();
  await concurrently(READS_AT_ONCE, Object.entries(scale), async ([subscriber, settings]) => {
    const own = routes.filter((route) => route.subscriber === subscriber);
    if (!settings.forecast || own.length === 0) return;
    try {
      const floor = await expectedFloor(ledger, own, settings.forecast, counts);
      if (floor !== undefined) floors.set(subscriber, floor);
    } catch (error) {
      quietly(() => ledger.environment.log.error('not forecast', { subscriber, ...errorTrace(error) }));
      counts.add('failed');
    }
  });
  return floors;
}

interface RoundOptions extends Required<Pick<ScalerInput, 'scale' | 'watch' | 'timeouts'>> {
  readonly ledger: Ledger;
  readonly lambda: Sender<LambdaClient>;
  /** Of all subscribers. */
  readonly routes: readonly Route[];
  readonly every: number;
  /** Invocations at once that forecasts ask for, by subscriber. */
  readonly floors: ReadonlyMap<string, number>;
  readonly stalls: StallWatch;
  readonly streams: StreamReadings;
  readonly counts: Counts;
}

/** One reading of every subscriber, and what follows from it. */
class Round {
  readonly #options: RoundOptions;
  #asked = 0;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  async run(routes: readonly Route[]): Promise<void> {
    this.#asked = 0;
    await concurrently(READS_AT_ONCE, routes, (route) => this.#look(route));
  }

  /** Never throws: what is wrong with one subscriber keeps nobody from the others. */
  async #look(route: Route): Promise<void> {
    const { ledger, lambda, scale, watch, timeouts, every, floors, stalls, streams, counts } = this.#options;
    const { subscriber, destination } = route;
    const { environment } = ledger;
    const isStream = destination.kind === 'stream';
    try {
      const isWatched = watch.includes(subscriber);
      const queued = isWatched || !isStream ? await readQueue(environment, ownQueueUrl(destination)) : undefined;
      if (isWatched && queued && (await stalls.see(this.#options, route, queued, timeouts[subscriber])))
        counts.add('stalled');
      if (
        isWatched &&
        isStream &&
        (await stalls.seeStream(
          this.#options,
          this.#options.routes.filter((one) => one.subscriber === subscriber),
        ))
      )
        counts.add('stalled');
      const given = scale[subscriber];
      if (!given) return;
      const reading = isStream ? await streams.read({ environment, lambda }, destination, subscriber) : queued;
      if (!reading) return;
      const floor = floors.get(subscriber);
      // CloudWatch counts a stream's records by the minute.
      const pace = isStream ? MINUTE_MS : every;
      const scaling = new Scaling({ ledger, route, settings: settingsOf(route, given), every: pace, floor, counts });
      await scaling.see(reading, () => Math.min(this.#asked++, MOST_DELAY_SECONDS));
    } catch (error) {
      quietly(() => ledger.environment.log.error('not looked at', { subscriber, ...errorTrace(error) }));
      counts.add('failed');
    }
  }
}
