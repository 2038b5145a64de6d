import { ENVIRONMENT, type Environment } from '../../aws/environment.ts';
import { toItem } from '../../aws/expression.ts';
import { reconcileKey } from '../../ledger/rows/cursor.ts';
import { minuteOf } from '../../ledger/rows/layout.ts';
import { createReconciler } from '../../reconcile/reconciler.ts';
import { RECONCILER } from '../faults/site.ts';
import type { System } from '../system.ts';
import { fireSchedule } from './fire-schedule.ts';
import { skipIdleMinutes } from './idle-minutes.ts';
import { LambdaFunction, type LambdaHandler } from './lambda-function.ts';
import { LEDGER } from './ledger-row.ts';
import type { Unfinished } from './unfinished.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
// As `lib/constructs` deploys it.
const TIMEOUT_MS = 5 * MINUTE;
/** One run in so many begins with a ledger that was never reconciled, which takes long. */
const NEVER_RECONCILED = 8;
/** What stays unfinished is looked at so often; then not before something has come of a fault, or none is left. */
const LOOKS = 6;
/** What the reconciler does not get done in so many runs, it never will. */
const MOST_RUNS = 2_000;

/** The reconciler as it is deployed: it asks Lambda for event sources, and puts metrics. */
export function reconcilerOf(world: World, variables: Environment['variables']): LambdaFunction {
  const listEventSources = async (queueArn: string) => {
    const subscriber = queueArn.split(':').at(-1) ?? '';
    return [{ state: world.disabled.has(subscriber) ? 'Disabled' : 'Enabled' }];
  };
  const load = (): LambdaHandler => (event, context) => {
    const { metrics } = (context as unknown as { readonly [ENVIRONMENT]: Environment })[ENVIRONMENT];
    // CloudWatch is where metrics go: it fails together with whatever else takes them.
    const putMetrics = async () => metrics.flush();
    return createReconciler({ listEventSources, putMetrics })(event, context);
  };
  return new LambdaFunction(world, { name: RECONCILER, timeout: TIMEOUT_MS, variables, load });
}

/** Mostly, a run begins with a ledger that has been reconciled until shortly before. */
export function writeCursors(world: World): void {
  if (world.draw('never reconciled', NEVER_RECONCILED) === 0) return;
  const now = world.schedule.now();
  // No id is older than six minutes, though a producer's clock may be five behind.
  const passes = { due: now - 1, settled: now - 6 * MINUTE - 1, day: now - 6 * MINUTE - 1 };
  for (const [pass, upTo] of Object.entries(passes)) {
    const minute = minuteOf(upTo);
    const key = toItem(reconcileKey(pass));
    world.engines.dynamodb.table(LEDGER).write(key, { ...key, ...toItem({ upTo, minute, lines: {} }) });
  }
  const upTo = now - 10 * MINUTE - 1;
  for (const pass of ['half', 'half-day']) {
    const key = toItem(reconcileKey(pass));
    world.engines.dynamodb.table(LEDGER).write(key, { ...key, ...toItem({ upTo, again: [] }) });
  }
}

/**
 * The schedule that invokes the reconciler each minute. While all has ended, or waits for its moment, nothing would come of it, so
 * it rests then, and days pass at once.
 */
export class ReconcilerSchedule {
  readonly #world: World;
  readonly #reconciler: LambdaFunction;
  readonly #unfinished: Unfinished;
  /** Milliseconds after which every message is due. */
  readonly #deadline: number;
  #fired = 0;
  #firedAt = 0;
  #looks = 0;
  #pending = 0;

  constructor(world: World, { subscribers }: System, reconciler: LambdaFunction, unfinished: Unfinished) {
    this.#world = world;
    this.#reconciler = reconciler;
    this.#unfinished = unfinished;
    this.#deadline = Math.max(...subscribers.map(({ deadline }) => deadline));
  }

  /** Fires for the first time somewhere within the first minute. */
  start(): void {
    const { schedule, draw } = this.#world;
    schedule.after(draw('minute of the schedule', MINUTE), () => {
      this.#fire();
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#fired < MOST_RUNS) {
      await this.#world.schedule.sleepForWork(MINUTE, () => this.#nextWork());
      this.#fire();
    }
  }

  /** The next moment at which there may be something to reconcile. */
  #nextWork(): number {
    const { schedule, faults, pending } = this.#world;
    const { lastCommit, next } = this.#unfinished;
    const isIdle = next > schedule.now();
    if (isIdle) this.#looks = 0;
    // It has looked at whatever was committed, once that was due. What waits for its moment, it looks at then.
    if (isIdle && this.#firedAt > lastCommit + this.#deadline + SECOND) return next;
    if (pending !== this.#pending) this.#looks = 0;
    this.#pending = pending;
    // A fault that lasts keeps something from ending: each minute would show the same as the one before.
    if (this.#looks > LOOKS && !faults.healed) return Number.POSITIVE_INFINITY;
    return schedule.now();
  }

  #fire(): void {
    if (this.#unfinished.delayed) skipIdleMinutes(this.#world);
    this.#fired += 1;
    this.#firedAt = this.#world.schedule.now();
    this.#looks += 1;
    fireSchedule(this.#world, RECONCILER, this.#invoke);
  }

  /** Asynchronously and without a retry: what it has not done, the next run does. */
  readonly #invoke = (): void => {
    this.#reconciler.invoke({}).catch(() => undefined);
  };
}
