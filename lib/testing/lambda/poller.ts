import { type Duration, durationToMilliseconds } from '../../contract/duration.ts';
import { type PollerClock, realClock } from './clock.ts';
import { SourcesBusy } from './errors.ts';
import type { Lane } from './lane.ts';
import { openStream } from './open-stream.ts';
import type { PollerOptions } from './poller-options.ts';
import { QueueSource } from './queue-source.ts';
import { refuseMapping } from './refuse-mapping.ts';
import type { StreamSource } from './stream-source.ts';
import type { Observer } from './trouble.ts';

/** When a poller counts as idle. */
export interface IdleOptions {
  /** How long to wait for it. @default '60s' */
  readonly within?: Duration;
  /**
   * For how long nothing may turn up: an engine may show a write in its stream only a while after it. The time that it takes
   * to ask the sources is not counted, so that a busy machine is waited for longer.
   * @default two looks at each source
   */
  readonly quietFor?: Duration;
}

/**
 * Lambda's event source mappings in this process: it receives from queues and reads streams, invokes functions with the
 * batches, and does with their answers what Lambda does. Time, chance and clients are given, so it works the same against
 * AWS, an emulator, or engines in memory on a virtual clock.
 *
 * A poller runs either by itself between `start` and `stop`, or by `step` and `runUntilIdle` while it is not started.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 * @example
 * const poller = new EventSourcePoller({ mappings: [{ kind: 'queue', queueUrl, invoke, reportBatchItemFailures: true }], clients });
 * await poller.runUntilIdle();
 */
export class EventSourcePoller {
  readonly #clock: PollerClock;
  readonly #interval: number;
  readonly #waitSeconds: number;
  readonly #queues: readonly QueueSource[];
  readonly #streams: readonly StreamSource[];
  #running = false;
  #troubles = 0;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: PollerOptions) {
    const { mappings, clients, clock = realClock, region = 'us-east-1', interval = 100 } = options;
    for (const mapping of mappings) refuseMapping(mapping);
    const observer: Observer = {
      ...options.observer,
      troubled: (trouble) => {
        this.#troubles += 1;
        options.observer?.troubled?.(trouble);
      },
    };
    this.#clock = clock;
    this.#interval = interval;
    this.#waitSeconds = options.waitSeconds ?? 1;
    this.#queues = mappings
      .filter((mapping) => mapping.kind === 'queue')
      .map((mapping) => new QueueSource({ mapping, sqs: clients.sqs, clock, region, observer, interval }));
    this.#streams = mappings
      .filter((mapping) => mapping.kind !== 'queue')
      .map((mapping) => openStream(mapping, { ...options, clock, region, observer }));
  }

  /** When records of streams that were read may be handled, in milliseconds since the epoch; infinite where none are. */
  get due(): number {
    return Math.min(...this.#streams.map(({ due }) => due ?? Number.POSITIVE_INFINITY));
  }

  /** Begins to poll until `stop`: every source by itself, as many batches at once as its mapping allows. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#loops = Promise.all([
      ...this.#queues.map((source) => this.#runQueue(source)),
      ...this.#streams.map((source) => this.#runStream(source)),
    ]);
    // Thrown by `stop`.
    this.#loops.catch(() => undefined);
  }

  /** Ends polling, once what has been received is handled. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#loops;
  }

  /**
   * Polls every source once, handles what has come, and waits for it: one batch of each queue, and one of each shard's
   * lanes. Answers whether there was anything.
   */
  async step(): Promise<boolean> {
    const done = await Promise.all([
      ...this.#queues.map(async (source) => {
        const batch = await source.receive(0);
        if (batch.length > 0) await source.handle(batch);
        return batch.length > 0;
      }),
      ...this.#streams.map(async (source) => {
        const read = await source.read();
        const handled = await Promise.all(source.lanes.map((lane) => lane.turn()));
        return read || handled.includes(true);
      }),
    ]);
    return done.includes(true);
  }

  /**
   * Goes on until nothing is left: every queue is empty, even of messages that are invisible or delayed, and every stream
   * is read and handled to its end.
   *
   * @throws SourcesBusy when that is not so within the time, naming the sources
   */
  async runUntilIdle({ within = '60s', quietFor }: IdleOptions = {}): Promise<void> {
    const end = this.#clock.now() + durationToMilliseconds(within);
    // Twice at least: what was handled last may show in a source that was asked before.
    const rounds = Math.max(2, quietFor === undefined ? 0 : durationToMilliseconds(quietFor) / this.#interval);
    for (let quiet = 0; quiet < rounds; ) {
      const troubles = this.#troubles;
      const busy = (await this.step()) ? undefined : await this.#busy();
      // A source that could not be asked may have something.
      quiet = busy?.length === 0 && troubles === this.#troubles ? quiet + 1 : 0;
      if (this.#clock.now() >= end && quiet < 2) {
        const left = (await this.#busy()).join(', ') || 'one that could not be asked';
        throw new SourcesBusy(`After ${within}, event sources are still busy: ${left}`);
      }
      if (busy) await this.#clock.sleep(this.#interval);
    }
  }

  /** The number of messages or records left in each source that has some, in words. */
  async #busy(): Promise<string[]> {
    const waiting = await Promise.all(this.#queues.map((source) => source.waiting()));
    return [
      ...this.#queues.map(({ name }, index) => ({ name, left: waiting[index] ?? 0, what: 'messages' })),
      ...this.#streams.map(({ name, held }) => ({ name, left: held, what: 'records' })),
    ]
      .filter(({ left }) => left > 0)
      .map(({ name, left, what }) => `${name} (${left} ${what})`);
  }

  async #runQueue(source: QueueSource): Promise<void> {
    const underWay = new Set<Promise<void>>();
    while (this.#running) {
      if (underWay.size >= source.maxConcurrency) {
        await Promise.race(underWay);
        continue;
      }
      const batch = await source.receive(this.#waitSeconds);
      if (batch.length === 0) {
        await this.#clock.sleep(this.#interval);
        continue;
      }
      const work = source.handle(batch).finally(() => underWay.delete(work));
      underWay.add(work);
    }
    await Promise.all(underWay);
  }

  async #runStream(source: StreamSource): Promise<void> {
    const underWay = new Map<Lane, Promise<void>>();
    while (this.#running) {
      const read = await source.read();
      for (const lane of source.lanes) {
        if (lane.due === undefined || underWay.has(lane)) continue;
        underWay.set(
          lane,
          this.#drain(lane).finally(() => underWay.delete(lane)),
        );
      }
      if (!read) await this.#clock.sleep(this.#interval);
    }
    await Promise.all(underWay.values());
  }

  async #drain(lane: Lane): Promise<void> {
    while (this.#running && lane.due !== undefined) {
      const wait = lane.due - this.#clock.now();
      if (wait > 0) await this.#clock.sleep(Math.min(wait, this.#interval));
      else await lane.turn();
    }
  }
}
