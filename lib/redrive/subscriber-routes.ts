import { readGraph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRoutes } from '../ledger/route-book.ts';
import type { Route, RouteRow } from '../ledger/rows/route.ts';

/** The routes of one subscriber, read once an event type. */
export class SubscriberRoutes {
  readonly #ledger: Ledger;
  readonly #subscriber: string;
  readonly #byType = new Map<string, Promise<readonly RouteRow[]>>();

  constructor(ledger: Ledger, subscriber: string) {
    this.#ledger = ledger;
    this.#subscriber = subscriber;
  }

  of(type: string): Promise<readonly RouteRow[]> {
    const reading = this.#byType.get(type) ?? this.#read(type);
    this.#byType.set(type, reading);
    return reading;
  }

  /** Where the subscriber receives an event type now; `undefined` where it does not any more. */
  async present(type: string): Promise<Route | undefined> {
    return (await this.of(type)).find(({ until }) => until === undefined);
  }

  async #read(type: string): Promise<readonly RouteRow[]> {
    const routes = await readRoutes(this.#ledger, type);
    return routes.filter(({ subscriber }) => subscriber === this.#subscriber);
  }
}

/** The URL of a subscriber's dead-letter queue; `undefined` where none of its routes says it. */
export async function letterBoxOf(ledger: Ledger, subscriber: string): Promise<string | undefined> {
  const { routes } = await readGraph(ledger);
  const own = routes.filter((route) => route.subscriber === subscriber);
  return own.map(({ destination }) => destination.deadLetterQueueUrl).find((url) => url !== undefined);
}
