import type { Environment } from '../aws/environment.ts';
import { type Pauses, patiently } from '../aws/send-batch.ts';

/** Milliseconds for which a destination that refused is not waited for. */
const IMPATIENT_MS = 60_000;

const ONCE: Pauses = () => undefined;

/**
 * Which destinations have refused copies lately, as far as this process knows. To wait for one of them delays everybody
 * else's messages of the batch, so it is tried once and no more until it has taken all copies of a try, or a minute has
 * passed.
 */
class Refusals {
  readonly #until = new Map<string, number>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** How long to rest between tries of a destination. */
  pausesOf(destination: string): Pauses {
    const isRefusing = this.#environment.now() < (this.#until.get(destination) ?? 0);
    return isRefusing ? ONCE : patiently(this.#environment);
  }

  /** Remembers how a destination answered. */
  note(destination: string, refused: boolean): void {
    if (refused) this.#until.set(destination, this.#environment.now() + IMPATIENT_MS);
    else this.#until.delete(destination);
  }
}

const known = new WeakMap<Environment, Refusals>();

/** What an environment knows of destinations that refuse: in Lambda, what the process does. */
export function refusalsOf(environment: Environment): Refusals {
  const refusals = known.get(environment) ?? new Refusals(environment);
  known.set(environment, refusals);
  return refusals;
}
