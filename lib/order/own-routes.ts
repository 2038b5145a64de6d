import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { MINUTE_MS } from '../contract/time.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRoutes } from '../ledger/route-book.ts';
import { type Expectation, expectationOf, type IsExpected } from '../ledger/rows/predecessor.ts';
import type { Route } from '../ledger/rows/route.ts';

const READS_AT_ONCE = 8;

/**
 * What a subscriber expects, as far as its process knows. Until a fence refuses a commit, it is taken to expect all of its
 * event types: where it was deployed late that guess is refused, once, and the routes are read. They are kept, since what was
 * expected stays so.
 */
export class OwnRoutes implements Expectation {
  readonly #ledger: Ledger;
  readonly #subscriber: SubscriberDefinition;
  #routes: ReadonlyMap<string, readonly Route[]> | undefined;
  #read = 0;

  constructor(ledger: Ledger, subscriber: SubscriberDefinition) {
    this.#ledger = ledger;
    this.#subscriber = subscriber;
  }

  /** The routes of a process: in Lambda they outlive the invocation. */
  static of(ledger: Ledger, subscriber: SubscriberDefinition): OwnRoutes {
    const known = kept.get(ledger.environment) ?? new OwnRoutes(ledger, subscriber);
    kept.set(ledger.environment, known);
    return known;
  }

  readonly isExpected: IsExpected = (message) => {
    const routes = this.#routes;
    if (!this.#subscriber.consumes.some(({ type }) => type === message.type)) return false;
    return !routes || this.#by(routes).isExpected(message);
  };

  readonly wasAwayFor: IsExpected = (message) =>
    this.#routes !== undefined && this.#by(this.#routes).wasAwayFor(message);

  /**
   * Reads them again where they are not known, are a minute old, or do not hold a message that has come.
   *
   * @param from a moment before which a reading does not do, in milliseconds since the epoch. @default any does
   * @returns whether they were read
   */
  async refresh(id: string, from = 0): Promise<boolean> {
    const now = this.#ledger.environment.now();
    const types = this.#subscriber.consumes.map(({ type }) => type);
    const isKnown = this.#routes && types.some((type) => this.isExpected({ id, type }));
    if (isKnown && now < this.#read + MINUTE_MS && this.#read >= from) return false;
    const routes = new Map<string, readonly Route[]>();
    await concurrently(READS_AT_ONCE, types, async (type) => routes.set(type, await readRoutes(this.#ledger, type)));
    // Where the ledger knows no route of it, as in a test of its handler, it expects what it consumes.
    const isRouted = [...routes.values()].flat().some(({ subscriber }) => subscriber === this.#subscriber.name);
    this.#routes = isRouted ? routes : undefined;
    this.#read = now;
    return true;
  }

  #by(routes: ReadonlyMap<string, readonly Route[]>): Expectation {
    return expectationOf(this.#subscriber.name, (type) => routes.get(type) ?? []);
  }
}

/** A function serves one subscriber. */
const kept = new WeakMap<Environment, OwnRoutes>();
