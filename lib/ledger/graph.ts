import { concurrently } from '../aws/concurrently.ts';
import type { Ledger } from './ledger.ts';
import { rowsOf } from './partition.ts';
import { readRoutes } from './route-book.ts';
import { EVENT_TYPES, type ExpectedRoute, expected, type Route } from './rows/route.ts';

const READS_AT_ONCE = 8;

/** Who expects what: all routes of a ledger, as they were at one moment. */
export class Graph {
  /** Every subscriber that ever had a route. */
  readonly subscribers: readonly string[];
  /** All routes, ended ones included. */
  readonly routes: readonly Route[];
  readonly #routes: ReadonlyMap<string, readonly Route[]>;

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    this.subscribers = [...new Set(routes.map(({ subscriber }) => subscriber))].sort();
    this.#routes = Map.groupBy(routes, ({ type }) => type);
  }

  /** The routes by which a message is expected. */
  expectedOf(id: string, type: string): readonly ExpectedRoute[] {
    return expected(id, this.#routes.get(type) ?? []);
  }

  /** The business lines of everything that anybody expects. */
  get businessLines(): readonly string[] {
    return [...new Set([...this.#routes.values()].flat().map(({ businessLine }) => businessLine))].sort();
  }

  /** The shortest time, in milliseconds, in which any message should have ended. */
  get shortestDeadline(): number {
    return Math.min(...this.#deadlines, this.longestDeadline);
  }

  /** The longest time, in milliseconds, in which any message should have ended. */
  get longestDeadline(): number {
    return Math.max(0, ...this.#deadlines);
  }

  get #deadlines(): number[] {
    return [...this.#routes.values()].flat().map(({ deadline }) => deadline);
  }
}

/** Reads all routes of the ledger, consistently. */
export async function readGraph(ledger: Ledger): Promise<Graph> {
  const types = await rowsOf(ledger, EVENT_TYPES, { consistent: true });
  const routes = await concurrently(READS_AT_ONCE, types, ({ sk }) => readRoutes(ledger, sk?.S as string));
  return new Graph(routes.flat());
}
