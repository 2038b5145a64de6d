import type { Environment } from '../../aws/environment.ts';
import type { Interrupting } from '../../aws/interruption.ts';
import type { Wire } from '../../testing/engines/index.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { testEnvironment } from '../../testing/test-environment.ts';
import type { Fault } from '../faults/fault.ts';
import { type Caller, faultyWire } from '../faults/request-wire.ts';
import { RECONCILER } from '../faults/site.ts';
import { TRAITS } from '../faults/traits.ts';
import type { ScheduledEvent } from './event-heap.ts';
import type { World } from './world.ts';

/** Of a request: before it goes out, and once it is carried out. */
const POSITIONS = 2;

/**
 * One process of a function: what Lambda calls an execution environment. It is kept warm between invocations, frozen
 * meanwhile, and may die at any moment. JavaScript cannot kill a promise, so what a dead process waits for never comes.
 */
export class Incarnation implements Caller {
  readonly actor: string;
  readonly name: string;
  readonly environment: Environment;
  /** By which its requests go, those to services outside included. */
  readonly wire: Wire;
  alive = true;
  /** The invocation that it is busy with. */
  invocation = 0;
  /** Milliseconds by which its clock is wrong. */
  skew = 0;
  /** Whether what it logs and counts throws. */
  sinkIsDown = false;
  /** Called when it dies. */
  onDeath: (() => void) | undefined;
  /** Positions that are left to its requests, two for each: before it goes out, and once it is carried out. */
  #left = Number.POSITIVE_INFINITY;
  readonly #world: World;
  readonly #sleeps = new Set<ScheduledEvent>();
  #frozen = false;
  #thawing: (() => void)[] = [];

  constructor(world: World, actor: string, name: string, variables: Environment['variables']) {
    this.#world = world;
    this.actor = actor;
    this.name = name;
    this.wire = faultyWire(world, this);
    const environment = testEnvironment({
      clock: { now: () => world.schedule.now() + this.skew, sleep: this.#sleep },
      random: seededRandom(world.draw(`random of ${name}`, 2 ** 31)),
      engines: world.engines,
      variables,
      wire: this.wire,
      ...(world.scheduler && { scheduler: world.scheduler }),
      ...(world.stepFunctions && { stepFunctions: world.stepFunctions }),
    });
    this.environment = { ...environment, log: this.#log(), metrics: this.#metrics() };
  }

  /** Runs what the process has waited for: not while it is frozen, and never once it is dead. */
  deliver(run: () => void): void {
    if (!this.alive) return;
    if (this.#frozen) this.#thawing.push(run);
    else run();
  }

  crash(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const event of this.#sleeps) event.cancelled = true;
    this.#world.record.note(`${this.name} dies`);
    this.onDeath?.();
  }

  /** Says at which position of its requests it is killed in this invocation, if it is. */
  killedAt(position = Number.POSITIVE_INFINITY): void {
    this.#left = position;
  }

  /** Whether it has come to where it is killed. */
  get isKilled(): boolean {
    return this.#left < 0;
  }

  nextKill(): Fault | undefined {
    const left = this.#left;
    this.#left -= POSITIONS;
    return left >= POSITIONS ? undefined : { kind: left === 0 ? 'crash-before' : 'crash-after' };
  }

  /** Between invocations nothing in the process runs: answers and timers wait. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    if (this.#thawing.length > 0) this.#world.faults.meet(TRAITS.thawed);
    for (const run of this.#thawing.splice(0)) run();
  }

  readonly #sleep = (milliseconds: number, signal?: Interrupting): Promise<void> =>
    new Promise((resolve) => {
      if (!this.alive) return;
      if (signal?.aborted) return resolve();
      const event = this.#world.schedule.after(milliseconds, () => {
        this.#sleeps.delete(event);
        this.deliver(resolve);
      });
      this.#sleeps.add(event);
      signal?.addEventListener('abort', () => {
        event.cancelled = true;
        this.#sleeps.delete(event);
        resolve();
      });
    });

  #log(): Environment['log'] {
    const log = () => this.#refuseWhenDown();
    return { info: log, warn: log, error: (message, fields) => this.#logError(message, fields) };
  }

  /** What reconciliation says of messages that nobody committed must be true. */
  #logError(message: string, { messageId, subscriber }: Readonly<Record<string, unknown>>): void {
    if (this.actor === RECONCILER && message === 'uncaused') {
      const [id, at] = [String(messageId), String(subscriber)];
      this.#world.record.add({ kind: 'named', invocation: this.invocation, id, subscriber: at });
    }
    this.#refuseWhenDown();
  }

  #metrics(): Environment['metrics'] {
    return {
      count: (name, value) => {
        this.#refuseWhenDown();
        const { outcomes } = this.#world;
        outcomes[name] = (outcomes[name] ?? 0) + value;
      },
      flush: () => this.#refuseWhenDown(),
    };
  }

  #refuseWhenDown(): void {
    if (this.sinkIsDown) throw new Error('the sink is down');
  }
}
