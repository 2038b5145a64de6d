import { EventHeap, type ScheduledEvent } from './event-heap.ts';

export interface ScheduleOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** From 0 to 1: orders what happens in one moment. */
  readonly chance: () => number;
}

/** The sleep of a poller, which only looks for work. */
interface Poll {
  readonly event: ScheduledEvent;
  /** The earliest moment at which it would find some; infinite where it would not. */
  readonly nextWork: () => number;
}

/** How a run of the schedule came to its end: nothing was left to happen, or the moment had come. */
export type Stop = 'idle' | 'late';

/**
 * Virtual time: one heap of events, each run with all the promises that follow from it before the next. No wall clock, no
 * thread, no chance but the seed's, so that the same seed gives the same run.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #events = new EventHeap();
  /** Few: one or two for each event source. */
  readonly #polls = new Set<Poll>();
  #now: number;
  #sequence = 0;
  /** Events that have been run. */
  count = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#now = options.now;
  }

  readonly now = (): number => this.#now;

  /**
   * The sleep of a poller, which only looks for work: it takes longer while there is none, so that days pass without a poll for
   * each second of them.
   *
   * @param nextWork the earliest moment at which there is some, as far as is known when asked; infinite where there is none
   */
  sleepForWork(milliseconds: number, nextWork: () => number): Promise<void> {
    return new Promise((resolve) => {
      this.#polls.add({ event: this.#eventAfter(milliseconds, resolve), nextWork });
    });
  }

  /** Runs it after some milliseconds of virtual time. */
  after(milliseconds: number, run: () => void): ScheduledEvent {
    const event = this.#eventAfter(milliseconds, run);
    this.#events.push(event);
    return event;
  }

  /** Lets time pass, until nothing is left to happen, the moment has come, or more events have been run than `most`. */
  async run(until: number, most: number, isOver: () => boolean = () => false): Promise<Stop | 'over'> {
    await settled();
    const last = this.count + most;
    for (;;) {
      if (isOver()) return 'over';
      if (this.count >= last) return 'late';
      const event = this.#next(until);
      if (event === 'idle' || event === 'late') {
        if (event === 'late') this.#now = Math.max(this.#now, until);
        return event;
      }
      this.count += 1;
      event.run();
      await settled();
    }
  }

  /** Takes the next event, and moves time to it. */
  #next(until: number): ScheduledEvent | Stop {
    const certain = this.#events.peek();
    let next: { readonly event: ScheduledEvent; readonly time: number; readonly poll?: Poll } | undefined = certain && {
      event: certain,
      time: certain.time,
    };
    for (const poll of this.#polls) {
      const { event, nextWork } = poll;
      // What there is to find is asked for only where the poll would come first.
      if (next && event.time > next.time) continue;
      const time = Math.max(event.time, nextWork());
      if (time < (next?.time ?? Number.POSITIVE_INFINITY)) next = { event, time, poll };
    }
    if (!next) return 'idle';
    if (next.time > until) return 'late';
    this.#now = Math.max(this.#now, next.time);
    if (next.poll) this.#polls.delete(next.poll);
    else this.#events.pop();
    return next.event;
  }

  #eventAfter(milliseconds: number, run: () => void): ScheduledEvent {
    this.#sequence += 1;
    return {
      time: this.#now + Math.max(0, milliseconds),
      tie: this.#options.chance(),
      sequence: this.#sequence,
      run,
      cancelled: false,
    };
  }
}

/**
 * Resolves when all promises that can be settled without waiting are: twice, since a module that is imported late, though
 * it has been loaded before, takes one turn.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
