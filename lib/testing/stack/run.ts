import type { Interrupting } from '../../aws/interruption.ts';
import { MINUTE_MS } from '../../contract/time.ts';
import type { Alarm, LambdaEngine, StepFunctionsEngine } from '../engines/index.ts';
import { EventSourcePoller, type Invoke } from '../lambda/index.ts';
import type { Engines } from '../test-environment.ts';
import { type FunctionSource, type StackFunction, sourceId } from './function.ts';

/** The time of a stack. */
export interface StackClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after the time has passed, or as soon as the signal aborts. */
  sleep(milliseconds: number, signal?: Interrupting): Promise<void>;
  /** Lets time pass, with all that is due meanwhile. */
  advance(milliseconds: number): Promise<void>;
}

export interface StackRunOptions {
  readonly functions: readonly StackFunction[];
  readonly engines: Engines;
  readonly clock: StackClock;
  readonly random: (bytes: number) => Uint8Array;
  readonly invoke: (name: string, event: object) => Promise<unknown>;
  /** Says which event sources are switched off. @default none is */
  readonly lambda?: LambdaEngine;
  /** Runs state machines. @default there are none */
  readonly stepFunctions?: StepFunctionsEngine;
}

/** The poller of one event source, with so many batches at once. */
interface Poller {
  readonly function: string;
  /** The id of its mapping. */
  readonly id: string;
  readonly source: FunctionSource;
  readonly poller: EventSourcePoller;
  readonly batches: number;
}

/** A function that is invoked again and again, every so many milliseconds. */
interface Schedule {
  readonly name: string;
  readonly input: object;
  readonly every: number;
  next: number;
}

/** As many as Lambda begins with. */
const QUEUE_BATCHES = 5;

/** Runs a stack's functions by event sources, the schedule of each minute, and alarms, in the order of their moments. */
export class StackRun {
  readonly #options: StackRunOptions;
  readonly #pollers: readonly Poller[];
  readonly #schedules: readonly Schedule[];
  #alarms: (Alarm & { readonly at: number; readonly run: () => void })[] = [];
  #troubles = 0;

  constructor(options: StackRunOptions) {
    this.#options = options;
    this.#pollers = options.functions.flatMap((one) =>
      one.sources.map((source, index) => this.#poller(one.name, source, index)),
    );
    this.#schedules = options.functions
      .filter(({ everyMinute, every }) => everyMinute || every !== undefined)
      .map(({ name, input = {}, every = MINUTE_MS }) => ({
        name,
        input,
        every,
        next: nextAfter(options.clock.now(), every),
      }));
  }

  /** An alarm goes off while time passes by `advance`. */
  readonly after = (milliseconds: number, run: () => void): Alarm => {
    const alarm = { at: this.#options.clock.now() + milliseconds, run, cancelled: false };
    this.#alarms.push(alarm);
    return alarm;
  };

  /** Lets event sources hand over what is there, and what follows from it, until nothing is left at this moment. */
  async settle(names?: readonly string[]): Promise<void> {
    const asked = this.#pollers.filter((one) => names?.includes(one.function) ?? true);
    for (;;) {
      const pollers = asked.filter(this.#isOn);
      const troubles = this.#troubles;
      const steps = pollers.flatMap(({ poller, ...one }) =>
        Array.from({ length: this.#batchesOf(one) }, () => poller.step()),
      );
      const busy = await Promise.all(steps);
      const machines = await this.#options.stepFunctions?.rest();
      // A source that could not be asked is asked again.
      if (!busy.includes(true) && !machines && troubles === this.#troubles) return;
    }
  }

  /** Runs everything in its moment, up to and including the given one. */
  async advanceTo(end: number): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      await this.settle();
      const next = Math.min(
        this.#due(),
        ...this.#schedules.map((one) => one.next),
        ...this.#alarms.map(({ at }) => at),
      );
      if (next > end) break;
      await clock.advance(Math.max(0, next - clock.now()));
      this.#ring();
      // Work that an alarm has begun goes as far as it can.
      await clock.advance(0);
      await this.#runSchedules();
    }
    await clock.advance(Math.max(0, end - clock.now()));
  }

  /** When the next message becomes visible, or a batch may be tried again. */
  #due(): number {
    const { engines, lambda } = this.#options;
    const on = this.#pollers.filter(this.#isOn);
    const visible = on.flatMap(({ source }) =>
      source.kind === 'queue' ? [engines.sqs.queue(source.queueUrl).nextVisible()] : [],
    );
    return Math.min(...visible, lambda?.due ?? Number.POSITIVE_INFINITY, ...on.map(({ poller }) => poller.due));
  }

  readonly #isOn = ({ id }: Pick<Poller, 'id'>): boolean => this.#options.lambda?.isOn(id) ?? true;

  #batchesOf({ id, batches }: Pick<Poller, 'id' | 'batches'>): number {
    return Math.min(batches, this.#options.lambda?.concurrencyOf(id) || batches);
  }

  #ring(): void {
    const now = this.#options.clock.now();
    const due = this.#alarms.filter(({ at }) => at <= now).sort((one, other) => one.at - other.at);
    this.#alarms = this.#alarms.filter(({ at }) => at > now);
    for (const { cancelled, run } of due) if (!cancelled) run();
  }

  async #runSchedules(): Promise<void> {
    const { clock, invoke } = this.#options;
    const now = clock.now();
    const due = this.#schedules.filter(({ next }) => next <= now);
    for (const one of due) one.next = nextAfter(now, one.every);
    await Promise.all(due.map(({ name, input }) => invoke(name, input)));
  }

  #poller(name: string, source: FunctionSource, index: number): Poller {
    const { engines, clock, random } = this.#options;
    const invoke: Invoke = (event) => this.#options.invoke(name, event);
    const poller = new EventSourcePoller({
      mappings: [{ ...source, invoke }],
      clients: {
        sqs: engines.sqs.client(),
        kinesis: async () => engines.kinesis.client(),
        s3: async () => engines.s3.client(),
        tableStreams: engines.dynamodb.streamsClient(),
      },
      clock,
      random,
      waitSeconds: 0,
      observer: {
        troubled: () => {
          this.#troubles += 1;
        },
      },
    });
    return {
      function: name,
      id: sourceId(name, index),
      source,
      poller,
      batches: source.kind === 'queue' ? QUEUE_BATCHES : 1,
    };
  }
}

function nextAfter(moment: number, every: number): number {
  return (Math.floor(moment / every) + 1) * every;
}
