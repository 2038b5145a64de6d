import type { Interrupting } from '../aws/interruption.ts';

/** The process's own, whatever a test that fakes its timers puts in its place. */
const { setImmediate } = globalThis;

interface Sleeper {
  readonly due: number;
  /** Whether time moves on for it: not for a watchdog, which only waits for time that others let pass. */
  readonly drives: boolean;
  wake(): void;
}

/** When a virtual clock begins, and how its time passes. */
export interface VirtualClockOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /**
   * Whether time jumps to the next sleeper as soon as nothing else is under way. A sleep that can be aborted is a
   * watchdog: it ends when other sleeps or `advance` have let its time pass, and alone lets none pass, unless time jumps
   * `to-watchdogs`.
   * @default false: time passes by `advance` only
   */
  readonly jumps?: boolean | 'to-watchdogs';
}

/** A clock that no real time moves: sleepers wake in the order of their moments, as fast as the work between them goes. */
export class VirtualClock {
  readonly #jumps: boolean | 'to-watchdogs';
  #now: number;
  #sleepers: Sleeper[] = [];
  #jumping = false;

  constructor({ now, jumps = false }: VirtualClockOptions) {
    this.#now = now;
    this.#jumps = jumps;
  }

  readonly now = (): number => this.#now;

  readonly sleep = (milliseconds: number, signal?: Interrupting): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = {
        due: this.#now + milliseconds,
        drives: !signal || this.#jumps === 'to-watchdogs',
        wake: resolve,
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#remove(sleeper);
        resolve();
      });
      if (this.#jumps) this.#jumpWhenIdle();
    });

  /** Lets time pass: wakes whoever is due, one after another, each with all the work that follows from it. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await idle();
    for (let next = this.#next(); next && next.due <= until; next = this.#next()) {
      this.#wake(next);
      await idle();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Lets time pass without waking anybody: who has become due wakes when time next passes. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  #jumpWhenIdle(): void {
    if (this.#jumping || !this.#sleepers.some(({ drives }) => drives)) return;
    this.#jumping = true;
    setImmediate(() => {
      this.#jumping = false;
      const next = this.#sleepers.some(({ drives }) => drives) ? this.#next() : undefined;
      if (next) this.#wake(next);
      this.#jumpWhenIdle();
    });
  }

  /** The earliest of all, and of several the one that came first. */
  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (!next || sleeper.due < next.due) next = sleeper;
    return next;
  }

  #wake(sleeper: Sleeper): void {
    this.#remove(sleeper);
    this.#now = Math.max(this.#now, sleeper.due);
    sleeper.wake();
  }

  #remove(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
  }
}

/** Resolves when all promises that can be settled without waiting are. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
