import { minuteOf, reconcileKey } from '../../contract/index.ts';
import { toItem } from '../../runtime/expression.ts';
import { ENVIRONMENT, type Environment } from '../../runtime/index.ts';
import { createReconciler } from '../../runtime/reconcile/reconciler.ts';
import { fireSchedule } from './fire-schedule.ts';
import { skipIdleMinutes } from './idle-minutes.ts';
import { LambdaFunction, type LambdaHandler } from './lambda-function.ts';
import { RECONCILER } from './site.ts';
import type { Unfinished } from './unfinished.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
// As `lib/constructs` deploys it.
const TIMEOUT = 5 * MINUTE;
/** One run in so many begins with a ledger that was never reconciled, which takes long. */
const NEVER_RECONCILED = 8;
/** After a commit, the schedule goes on for so long at least: longer than any deadline. */
const AFTER_COMMIT = 2 * MINUTE;
/** What stays unfinished is looked at so often; then less, and not at all until a source is back that is switched off. */
const LOOKS = 15;
const LATER_INTERVAL = 10 * MINUTE;
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
  return new LambdaFunction(world, { name: RECONCILER, timeout: TIMEOUT, variables, load });
}

/** Mostly, a run begins with a ledger that has been reconciled until shortly before. */
export function writeCursors(world: World, ledger: string): void {
  if (world.draw('never reconciled', NEVER_RECONCILED) === 0) return;
  const now = world.schedule.now();
  // No id is older than six minutes, though a producer's clock may be five behind.
  const passes = { due: now - 1, settled: now - 6 * MINUTE - 1, day: now - 6 * MINUTE - 1 };
  for (const [pass, upTo] of Object.entries(passes)) {
    const minute = minuteOf(upTo);
    const key = toItem(reconcileKey(pass));
    world.engines.dynamodb.table(ledger).write(key, { ...key, ...toItem({ upTo, minute, lines: {} }) });
  }
}

/**
 * The schedule that invokes the reconciler each minute. While all has ended nothing would come of it, so it rests then, and
 * days pass at once.
 */
export class ReconcilerSchedule {
  readonly #world: World;
  readonly #reconciler: LambdaFunction;
  readonly #unfinished: Unfinished;
  readonly #ledger: string;
  #fired = 0;
  #looks = 0;

  constructor(world: World, reconciler: LambdaFunction, unfinished: Unfinished, ledger: string) {
    this.#ledger = ledger;
    this.#world = world;
    this.#reconciler = reconciler;
    this.#unfinished = unfinished;
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
      await this.#world.schedule.sleepForWork(this.#tires ? LATER_INTERVAL : MINUTE, () => this.#nextWork());
      this.#fire();
    }
  }

  /** The next moment at which there may be something to reconcile. */
  #nextWork(): number {
    const { schedule, disabled } = this.#world;
    const now = schedule.now();
    const { any, lastCommit, next } = this.#unfinished;
    if (!any || next > now) this.#looks = 0;
    // Where messages wait for their moments, it looks again when these come.
    if (next > now && now >= lastCommit + AFTER_COMMIT) return next;
    return this.#tires ? Math.max(now, ...disabled.values()) : now;
  }

  /** Whether a fault that lasts keeps something from ending: each minute would show the same as the one before. */
  get #tires(): boolean {
    return this.#looks > LOOKS && !this.#world.faults.healed;
  }

  #fire(): void {
    if (this.#unfinished.delayed) skipIdleMinutes(this.#world, this.#ledger);
    this.#fired += 1;
    this.#looks += 1;
    fireSchedule(this.#world, RECONCILER, this.#invoke);
  }

  /** Asynchronously and without a retry: what it has not done, the next run does. */
  readonly #invoke = (): void => {
    this.#reconciler.invoke({}).catch(() => undefined);
  };
}
