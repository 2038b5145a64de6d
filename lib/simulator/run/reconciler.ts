import type { Context } from 'aws-lambda';
import { toItem } from '../../aws/attribute.ts';
import { environmentOf } from '../../aws/environment.ts';
import { MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import { minuteOf } from '../../contract/timestamp.ts';
import { reconcileKey } from '../../ledger/rows/cursor.ts';
import { createReconciler } from '../../reconcile/reconciler.ts';
import { ofGroup } from '../../reconcile/shard-groups.ts';
import type { LambdaHandler } from '../../testing/lambda/index.ts';
import { RECONCILER } from '../faults/site.ts';
import type { System } from '../system.ts';
import { skipIdleMinutes } from './idle-minutes.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { LEDGER } from './ledger-row.ts';
import { MinuteSchedule } from './minute-schedule.ts';
import type { Unfinished } from './unfinished.ts';
import { laterIn, MESSAGES_A_SHARD, type World } from './world.ts';

/** One run in so many begins with a ledger that was never reconciled, which takes long. */
const NEVER_RECONCILED = 8;
/** What stays unfinished is looked at so often; then not before something has come of a fault, or none is left. */
const LOOKS = 6;
/** What the reconciler does not get done in so many runs, it never will. */
const MOST_RUNS = 2_000;

/** Groups of shards that a run may come to have, where each has one of as many shards as a stack is deployed with. */
const MOST_GROUPS = 8;

/** Loads the reconciler, which asks Lambda for event sources, and puts metrics. */
export function loadReconciler(world: World, shardsARun?: number): () => LambdaHandler {
  const listEventSources = async (queueArn: string) => {
    const subscriber = queueArn.split(':').at(-1) ?? '';
    if (world.gone.has(subscriber)) return [];
    return [{ state: world.disabled.has(subscriber) ? 'Disabled' : 'Enabled' }];
  };
  return () => (event: object, context: Context) => {
    const { metrics } = environmentOf(context);
    // CloudWatch is where metrics go: it fails together with whatever else takes them.
    const putMetrics = async () => metrics.flush();
    return createReconciler({ listEventSources, putMetrics, shardsARun, messagesAShard: MESSAGES_A_SHARD })(
      event,
      context,
    );
  };
}

/** Mostly, a run begins with a ledger that has been reconciled until shortly before. */
export function writeCursors(world: World, groups: number, adopting: readonly string[]): void {
  // Whoever adopts looks at 17 days, minute by minute: there is nothing before the run, in whatever groups of shards it may come to have.
  for (let group = 0; group < MOST_GROUPS; group++) {
    for (const name of adopting) {
      const key = toItem(reconcileKey(ofGroup(`adopt#${name}`, group)));
      const upTo = world.schedule.now() - 6 * MINUTE_MS - 1;
      const row = { upTo, minute: minuteOf(upTo), lines: {} };
      world.engines.dynamodb.table(LEDGER).write(key, { ...key, ...toItem(row) });
    }
  }
  if (world.draw('never reconciled', NEVER_RECONCILED) === 0) return;
  const now = world.schedule.now();
  // No id is older than six minutes, though a producer's clock may be five behind.
  const passes = { due: now - 1, settled: now - 6 * MINUTE_MS - 1, day: now - 6 * MINUTE_MS - 1 };
  for (let group = 0; group < groups; group++) {
    for (const [pass, upTo] of Object.entries(passes)) {
      const minute = minuteOf(upTo);
      const key = toItem(reconcileKey(ofGroup(pass, group)));
      world.engines.dynamodb.table(LEDGER).write(key, { ...key, ...toItem({ upTo, minute, lines: {} }) });
    }
  }
  const upTo = now - 10 * MINUTE_MS - 1;
  for (const pass of ['half', 'half-day']) {
    const key = toItem(reconcileKey(pass));
    world.engines.dynamodb.table(LEDGER).write(key, { ...key, ...toItem({ upTo, again: [] }) });
  }
}

/** When the reconciler runs. While all has ended, or waits for its moment, nothing would come of it, so it rests then. */
export class ReconcilerSchedule {
  readonly #world: World;
  readonly #reconciler: LambdaFunction;
  readonly #unfinished: Unfinished;
  readonly #schedule: MinuteSchedule;
  /** Milliseconds after which every message is due. */
  readonly #deadline: number;
  #firedAt = 0;
  #looks = 0;
  #pending = 0;
  /** Milliseconds between the two runs of a minute, where there are two. */
  #apart: number | undefined;

  constructor(world: World, { subscribers }: System, reconciler: LambdaFunction, unfinished: Unfinished) {
    this.#world = world;
    this.#reconciler = reconciler;
    this.#unfinished = unfinished;
    this.#deadline = Math.max(...subscribers.map(({ deadline }) => deadline));
    this.#schedule = new MinuteSchedule(world, reconciler, {
      nextWork: () => this.#nextWork(),
      most: MOST_RUNS,
      onFire: () => this.#onFire(),
    });
  }

  start(): void {
    void this.#schedule.start();
  }

  /** From now on each run is made twice, so many milliseconds apart. */
  double(apart: number): void {
    this.#apart = apart;
  }

  /** The next moment at which there may be something to reconcile. */
  #nextWork(): number {
    const { schedule, faults, pending, killing } = this.#world;
    const { lastCommit, next } = this.#unfinished;
    const isIdle = next > schedule.now();
    if (isIdle) this.#looks = 0;
    // It has looked at whatever was committed, once that was due. What waits for its moment, it looks at then.
    if (isIdle && this.#firedAt > lastCommit + this.#deadline + SECOND_MS) return next;
    // A run that is killed comes further than the one before.
    if (pending !== this.#pending || killing.has(RECONCILER)) this.#looks = 0;
    this.#pending = pending;
    // A fault that lasts keeps something from ending: each minute would show the same as the one before.
    if (this.#looks > LOOKS && !faults.healed) return Number.POSITIVE_INFINITY;
    return schedule.now();
  }

  #onFire(): void {
    if (this.#unfinished.delayed) skipIdleMinutes(this.#world);
    this.#firedAt = this.#world.schedule.now();
    this.#looks += 1;
    if (this.#apart === undefined) return;
    laterIn(this.#world, this.#apart, () => this.#reconciler.invoke({}).catch(() => undefined));
  }
}
