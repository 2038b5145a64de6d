import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ScalerInput } from '../../contract/scale.ts';
import type { ScaleRow } from '../../ledger/rows/scale.ts';
import type { Change, Queue } from '../../testing/engines/index.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { LedgerRow } from './ledger-row.ts';
import { MinuteSchedule } from './minute-schedule.ts';
import type { World } from './world.ts';

/** What the scaler does not get done in so many runs, it never will. */
const MOST_RUNS = 1_000;

/** When the scaler runs: while something waits, or more than the least is taken on. Otherwise nothing would come of it. */
export class ScalerSchedule {
  readonly #world: World;
  readonly #queues: readonly Queue[];
  readonly #rows = new Map<string, ScaleRow>();
  readonly #schedule: MinuteSchedule;

  constructor(world: World, scaler: LambdaFunction, input: ScalerInput, queues: ReadonlyMap<string, Queue>) {
    this.#world = world;
    this.#queues = Object.keys(input.scale ?? {}).flatMap((name) => queues.get(name) ?? []);
    this.#schedule = new MinuteSchedule(world, scaler, { nextWork: () => this.#nextWork(), most: MOST_RUNS, input });
  }

  start(): void {
    void this.#schedule.start();
  }

  /** To be called at each change of a row of the ledger. */
  onChange({ kind, of, sk }: LedgerRow, { after }: Change): void {
    if (kind === 'scale' && sk === 'scale' && after) this.#rows.set(of, unmarshall(after) as ScaleRow);
  }

  #nextWork(): number {
    const isBusy = this.#queues.some((queue) => queue.messages().length > 0);
    const isRaised = [...this.#rows.values()].some(
      ({ concurrency, min, applied, verdict }) => concurrency !== min || applied !== concurrency || verdict !== 'hold',
    );
    return isBusy || isRaised ? this.#world.schedule.now() : Number.POSITIVE_INFINITY;
  }
}
