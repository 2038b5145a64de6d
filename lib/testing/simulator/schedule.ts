import { EventHeap, type ScheduledEvent } from './event-heap.ts';

export interface ScheduleOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** From 0 to 1: orders what happens in one moment. */
  readonly chance: () => number;
  /**
   * The earliest moment at which whoever only looks for work would find some; infinite where nobody would. It lets days
   * pass without a poll for each second of them.
   */
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
  /** What certainly happens, and what only looks whether there is work. */
  readonly #events = new EventHeap();
  readonly #polls = new EventHeap();
  #now: number;
  #sequence = 0;
  /** Events that have been run. */
  count = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#now = options.now;
  }

  readonly now = (): number => this.#now;

  readonly sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    this.#sleep((run) => this.after(milliseconds, run), signal);

  /** The sleep of whoever only looks for work: it may take longer, while there is none. */
  readonly sleepForWork = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    this.#sleep((run) => this.#add(this.#polls, milliseconds, run), signal);

  /** Runs it after some milliseconds of virtual time. */
  after(milliseconds: number, run: () => void): ScheduledEvent {
    return this.#add(this.#events, milliseconds, run);
  }

  /** Lets time pass, until nothing is left to happen or the moment has come. */
  async run(until: number, isOver: () => boolean = () => false): Promise<Stop | 'over'> {
    await settled();
    for (;;) {
      if (isOver()) return 'over';
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

  /** Takes the next event from its heap, and moves time to it. */
  #next(until: number): ScheduledEvent | Stop {
    const certain = this.#events.peek();
    const poll = this.#polls.peek();
    const certainTime = certain?.time ?? Number.POSITIVE_INFINITY;
    // What there is to find is asked for only where a poll would come first.
    const pollTime =
      poll && poll.time <= certainTime ? Math.max(poll.time, this.#options.nextWork()) : Number.POSITIVE_INFINITY;
    const time = Math.max(this.#now, Math.min(certainTime, pollTime));
    if (time === Number.POSITIVE_INFINITY) return 'idle';
    if (time > until) return 'late';
    this.#now = time;
    return (pollTime < certainTime ? this.#polls : this.#events).pop() as ScheduledEvent;
  }

  #add(heap: EventHeap, milliseconds: number, run: () => void): ScheduledEvent {
    this.#sequence += 1;
    const event: ScheduledEvent = {
      time: this.#now + Math.max(0, milliseconds),
      tie: this.#options.chance(),
      sequence: this.#sequence,
      run,
      cancelled: false,
    };
    heap.push(event);
    return event;
  }

  #sleep(add: (run: () => void) => ScheduledEvent, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const event = add(resolve);
      signal?.addEventListener('abort', () => {
        event.cancelled = true;
        resolve();
      });
    });
  }
}

/**
 * Resolves when all promises that can be settled without waiting are: twice, since a module that is imported late, though
 * it has been loaded before, takes one turn.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
