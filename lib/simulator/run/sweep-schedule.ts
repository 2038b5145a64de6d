import type { Change } from '../../testing/engines/index.ts';
import { SWEEP } from '../faults/site.ts';
import { fireSchedule } from './fire-schedule.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { LedgerRow } from './ledger-row.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
/** More than the sweep looks ahead: before that there is nothing to find. */
const AHEAD = 15 * MINUTE;
/** What the sweep does not get done in so many runs, it never will. */
const MOST_RUNS = 1_000;

/**
 * The schedule that invokes the sweep each minute, at the same second of it. While nothing is due that has not been swept,
 * nothing would come of it, so it rests then, and days pass at once.
 */
export class SweepSchedule {
  readonly #world: World;
  readonly #sweep: LambdaFunction;
  readonly #second: number;
  /** Sort keys by partition. */
  readonly #due = new Map<string, Set<string>>();
  /** Up to which sort key each shard was swept. */
  readonly #cursors = new Map<string, string>();
  #fired = 0;

  constructor(world: World, sweep: LambdaFunction) {
    this.#world = world;
    this.#sweep = sweep;
    this.#second = world.draw('second of the sweep', MINUTE);
  }

  /** To be called at each change of a row of the ledger. */
  onChange({ kind, of: shard, sk }: LedgerRow, { after }: Change): void {
    if (kind === 'sweep') this.#cursors.set(sk, after?.upTo?.S ?? '');
    if (kind !== 'due' || !after) return;
    const isFirst = this.#due.size === 0;
    const rows = this.#due.get(shard) ?? new Set();
    this.#due.set(shard, rows.add(sk));
    if (isFirst) void this.#run();
  }

  async #run(): Promise<void> {
    const { schedule } = this.#world;
    while (this.#fired < MOST_RUNS) {
      const now = schedule.now();
      await schedule.sleepForWork(this.#fireAt(now + 1) - now, () => this.#fireAt(this.#nextWork()));
      this.#fired += 1;
      fireSchedule(this.#world, SWEEP, this.#invoke);
    }
  }

  /** The first moment from this one on at which the schedule is due. */
  #fireAt(moment: number): number {
    return Math.ceil((moment - this.#second) / MINUTE) * MINUTE + this.#second;
  }

  /** When the sweep has something to find; infinite where there is nothing that it has not come past. */
  #nextWork(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const [shard, rows] of this.#due) {
      const cursor = this.#cursors.get(shard) ?? '';
      for (const sk of rows) {
        if (sk > cursor) first = Math.min(first, Date.parse(sk.slice(0, sk.indexOf('#'))));
      }
    }
    return first - AHEAD;
  }

  /** Asynchronously and without a retry: what it has not done, the next run does. */
  readonly #invoke = (): void => {
    this.#sweep.invoke({}).catch(() => undefined);
  };
}
