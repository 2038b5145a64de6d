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

/**
 * When the sweep runs. While nothing is due that has not been swept, and nothing waits for a first subscriber that is there,
 * nothing would come of it, so it rests then. Where messages have schedules of their own, it has the latter alone.
 */
export class SweepSchedule {
  readonly #schedule: MinuteSchedule;
  /** Sort keys by partition. */
  readonly #due = new Map<string, Set<string>>();
  /** Up to which sort key each shard was swept. */
  readonly #cursors = new Map<string, string>();
  readonly #world: World;
  /** Event types of which messages wait for a first subscriber. */
  readonly #waiting = new Set<string>();
  readonly #routed = new Set<string>();
  #isStarted = false;

  constructor(world: World, sweep: LambdaFunction) {
    this.#world = world;
    this.#schedule = new MinuteSchedule(world, sweep, { nextWork: () => this.#nextWork(), most: MOST_RUNS });
  }

  /** To be called at each change of a row of the ledger. */
  onChange({ kind, of, sk }: LedgerRow, { after }: Change): void {
    if (kind === 'sweep') this.#cursors.set(sk, after?.upTo?.S ?? '');
    else if (kind === 'route') this.#routed.add(of);
    else if (kind === 'unrouted' && of === '') {
      if (after?.done) this.#waiting.delete(sk);
      else this.#waiting.add(sk);
      this.#start();
    } else if (kind === 'due' && after && !this.#world.scheduler) {
      const rows = this.#due.get(of) ?? new Set();
      this.#due.set(of, rows.add(sk));
      this.#start();
    }
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#schedule.start();
  }

  /** When the sweep has something to find; infinite where there is nothing that it has not come past. */
  #nextWork(): number {
    for (const type of this.#waiting) if (this.#routed.has(type)) return this.#world.schedule.now();
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
