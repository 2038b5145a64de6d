import { MINUTE_MS } from '../../contract/time.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { laterIn, type World } from './world.ts';

export interface MinuteScheduleOptions {
  /** The next moment at which the function has something to do; infinite where it has not. */
  readonly nextWork: () => number;
  /** What the function does not get done in so many runs, it never will. */
  readonly most: number;
  /** Called before each firing. */
  readonly onFire?: () => void;
  /** What the function is told. @default nothing */
  readonly input?: object;
}

/**
 * The schedule that invokes a function each minute, at the same second of it. While nothing would come of it, it rests, and
 * days pass at once.
 */
export class MinuteSchedule {
  readonly #world: World;
  readonly #target: LambdaFunction;
  readonly #options: MinuteScheduleOptions;
  readonly #second: number;

  constructor(world: World, target: LambdaFunction, options: MinuteScheduleOptions) {
    this.#world = world;
    this.#target = target;
    this.#options = options;
    this.#second = world.draw(`second of ${target.name}`, MINUTE_MS);
  }

  async start(): Promise<void> {
    const { schedule } = this.#world;
    const { nextWork, most, onFire } = this.#options;
    for (let fired = 0; fired < most; fired++) {
      const now = schedule.now();
      await schedule.sleepForWork(this.#dueFrom(now + 1) - now, () => this.#dueFrom(nextWork()));
      onFire?.();
      this.#fire();
    }
  }

  /** The first moment from this one on at which the schedule is due. */
  #dueFrom(moment: number): number {
    return Math.ceil((moment - this.#second) / MINUTE_MS) * MINUTE_MS + this.#second;
  }

  /** Invokes the function once, unless a fault is planned. */
  #fire(): void {
    const fault = this.#world.faults.reach(`${this.#target.name}.fire`);
    if (fault?.kind === 'schedule-late') laterIn(this.#world, fault.by, this.#invoke);
    else if (fault?.kind !== 'schedule-missed') this.#invoke();
    if (fault?.kind === 'schedule-twice') laterIn(this.#world, fault.after, this.#invoke);
  }

  /** Asynchronously and without a retry: what the function has not done, its next run does. */
  readonly #invoke = (): void => {
    this.#target.invoke(this.#options.input ?? {}).catch(() => undefined);
  };
}
