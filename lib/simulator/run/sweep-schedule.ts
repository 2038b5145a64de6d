import { MINUTE_MS } from '../../contract/time.ts';
import type { Change } from '../../testing/engines/index.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { LedgerRow } from './ledger-row.ts';
import { MinuteSchedule } from './minute-schedule.ts';
import type { World } from './world.ts';

/** More than the sweep looks ahead: before that there is nothing to find. */
const AHEAD_MS = 15 * MINUTE_MS;
/** What the sweep does not get done in so many runs, it never will. */
const MOST_RUNS = 1_000;

/** When the sweep runs. While nothing is due that has not been swept, nothing would come of it, so it rests then. */
export class SweepSchedule {
  readonly #schedule: MinuteSchedule;
  /** Sort keys by partition. */
  readonly #due = new Map<string, Set<string>>();
  /** Up to which sort key each shard was swept. */
  readonly #cursors = new Map<string, string>();

  constructor(world: World, sweep: LambdaFunction) {
    this.#schedule = new MinuteSchedule(world, sweep, { nextWork: () => this.#nextWork(), most: MOST_RUNS });
  }

  /** To be called at each change of a row of the ledger. */
  onChange({ kind, of: shard, sk }: LedgerRow, { after }: Change): void {
    if (kind === 'sweep') this.#cursors.set(sk, after?.upTo?.S ?? '');
    if (kind !== 'due' || !after) return;
    const isFirst = this.#due.size === 0;
    const rows = this.#due.get(shard) ?? new Set();
    this.#due.set(shard, rows.add(sk));
    if (isFirst) void this.#schedule.start();
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
    return first - AHEAD_MS;
  }
}
