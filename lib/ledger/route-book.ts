import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { messageTime } from '../message/message-id.ts';
import type { Ledger } from './ledger.ts';
import { rowsOf } from './partition.ts';
import { expected, type Route, type RouteRow, routePartition } from './rows/route.ts';

/** A message as far as routing needs it. */
export interface Routable {
  readonly id: string;
  readonly type: string;
}

interface Copy {
  /** When its reading began, in milliseconds since the epoch. */
  readonly read: number;
  readonly routes: readonly Route[];
}

const READS_AT_ONCE = 8;

/**
 * The routes of event types, read from the ledger when needed and kept between invocations.
 *
 * A copy is good for the ids that are older than its reading: a route that such an id is expected by was in the ledger
 * by then (docs/decisions/route-since.md). A newer id has the type read again, consistently. So each type costs at most
 * one query a batch, and a backlog one a minute, since destinations change.
 */
export class RouteBook {
  readonly #ledger: Ledger;
  readonly #copies = new Map<string, Copy>();
  /** Types that had no route when last read, whatever was forgotten since. */
  readonly #routeless = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** For each message, in the same order, the routes by which it is expected. */
  async routesOf(messages: readonly Routable[]): Promise<Route[][]> {
    const copies = await this.#copiesOf(newestByType(messages));
    return messages.map(({ id, type }) =>
      // What is adopted, the reconciler sends.
      expected(id, copies.get(type)?.routes ?? []).filter(({ adoptedFrom }) => adoptedFrom === undefined),
    );
  }

  /** Whether an event type has a route, or ever had one. */
  async hasRoutes(type: string): Promise<boolean> {
    const copy = this.#copies.get(type) ?? (await this.#read(type));
    return (copy.routes.length > 0 ? copy : await this.#read(type)).routes.length > 0;
  }

  /** Which of these messages are of types that have never had a route, as `routesOf` has read them. */
  unknownOf<Message extends Routable>(messages: readonly Message[]): Message[] {
    return messages.filter(({ type }) => this.#routeless.has(type));
  }

  /** Has every type read again when next asked for, e.g. because a destination turned out to be gone. */
  forget(): void {
    this.#copies.clear();
  }

  /** Copies that are good for ids of a type up to a moment. Whoever forgets meanwhile, these are kept until they are used. */
  async #copiesOf(newest: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Copy>> {
    const known = new Map(this.#copies);
    const copies = await concurrently(READS_AT_ONCE, [...newest], async ([type, time]) => {
      const copy = known.get(type);
      return [
        type,
        copy && isGood(copy, time, this.#ledger.environment.now()) ? copy : await this.#read(type),
      ] as const;
    });
    return new Map(copies);
  }

  async #read(type: string): Promise<Copy> {
    const read = this.#ledger.environment.now();
    const copy = { read, routes: await readRoutes(this.#ledger, type) };
    this.#copies.set(type, copy);
    if (copy.routes.length === 0) this.#routeless.add(type);
    else this.#routeless.delete(type);
    return copy;
  }
}

/** The first route of a type is expected by older ids too, so that no routes is never the last word. */
function isGood({ read, routes }: Copy, time: number, now: number): boolean {
  return routes.length > 0 && time < read && now < read + MINUTE_MS;
}

/** A book for each environment that a function meets: one in Lambda. */
export class RouteBooks {
  readonly #books = new WeakMap<Environment, RouteBook>();

  of(ledger: Ledger): RouteBook {
    const known = this.#books.get(ledger.environment);
    if (known) return known;
    const book = new RouteBook(ledger);
    this.#books.set(ledger.environment, book);
    return book;
  }
}

/** All routes of an event type, ended ones included, read consistently. */
export async function readRoutes(ledger: Ledger, type: string): Promise<RouteRow[]> {
  const rows = await rowsOf(ledger, routePartition(type), { consistent: true });
  return rows.map((row) => unmarshall({ ...row }) as RouteRow);
}

function newestByType(messages: readonly Routable[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const { id, type } of messages) newest.set(type, Math.max(newest.get(type) ?? 0, messageTime(id)));
  return newest;
}
