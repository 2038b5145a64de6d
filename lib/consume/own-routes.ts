import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { describeError } from '../aws/errors.ts';
import { NotRegistered } from '../contract/errors.ts';
import { getRow, type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { expected, OWN_ROUTE_MS, type Route, routeKey } from '../ledger/rows/route.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';

/** A subscriber's routes of one event type: its own, and those of whoever it adopts from; none while it is not registered. */
interface Copy {
  /** When its reading began, in milliseconds since the epoch. */
  readonly read: number;
  readonly routes: readonly Route[];
}

/** Of what came by a stream: whether the subscriber is to get it, or why that cannot be told yet. */
export type Verdict = 'expected' | 'unexpected' | NotRegistered;

/**
 * What of a stream is meant for a subscriber. Whoever begins to read a stream finds all that lies there, also what was
 * sent before the subscriber was there, and what its producer has cancelled meanwhile at those who were: its own routes say
 * what it is to get, by the same `expected` by which relay and reconciliation go.
 *
 * An environment reads a route when it first needs it, and then once a minute: who is removed may take what is committed in
 * the minute after, while its event source is there. What a route does not give is let go for good, so only a reading says so
 * that began after the message was committed.
 */
export class OwnRoutes {
  readonly #ledger: Ledger;
  readonly #subscriber: string;
  readonly #copies = new Map<string, Copy>();

  constructor(ledger: Ledger, subscriber: string) {
    this.#ledger = ledger;
    this.#subscriber = subscriber;
  }

  /** Of each message, in the same order. Never throws. */
  async judge(envelopes: readonly Envelope[]): Promise<Verdict[]> {
    const verdicts = new Map<Envelope, Verdict>();
    for (const [type, some] of Map.groupBy(envelopes, (envelope) => envelope.type)) {
      try {
        const copy = await this.#copyFor(type, some);
        for (const envelope of some) verdicts.set(envelope, this.#verdict(envelope, copy));
      } catch (cause) {
        const error = new NotRegistered(describeError(cause), { cause });
        for (const envelope of some) verdicts.set(envelope, error);
      }
    }
    return envelopes.map((envelope) => verdicts.get(envelope) as Verdict);
  }

  /**
   * Those among messages of event types that its code does not know for which it has a route all the same, as far as was read
   * in the last minute: others' types are not read of again and again. What cannot be read is taken for theirs. Never throws.
   */
  async expectedAmong(envelopes: readonly Envelope[]): Promise<Envelope[]> {
    const expected: Envelope[] = [];
    for (const [type, some] of Map.groupBy(envelopes, (envelope) => envelope.type)) {
      const known = this.#copies.get(type);
      const copy = known && this.#isYoung(known) ? known : await this.#read(type).catch(() => undefined);
      if (!copy) continue;
      this.#copies.set(type, copy);
      expected.push(...some.filter((envelope) => this.#expects(envelope, copy.routes)));
    }
    return expected;
  }

  #verdict(envelope: Envelope, { read, routes }: Copy): Verdict {
    const { type, id } = envelope;
    if (this.#expects(envelope, routes)) return 'expected';
    if (routes.length > 0 && messageTime(id) < read) return 'unexpected';
    return new NotRegistered(`No route says yet whether '${this.#subscriber}' expects this '${type}'`);
  }

  /** What is adopted, the reconciler sends: in the stream it was the former subscriber's. */
  #expects({ id }: Envelope, routes: readonly Route[]): boolean {
    return expected(id, routes).some(
      ({ subscriber, adoptedFrom }) => subscriber === this.#subscriber && adoptedFrom === undefined,
    );
  }

  async #copyFor(type: string, envelopes: readonly Envelope[]): Promise<Copy> {
    const known = this.#copies.get(type);
    if (
      known &&
      this.#isYoung(known) &&
      envelopes.every((envelope) => typeof this.#verdict(envelope, known) === 'string')
    )
      return known;
    const copy = await this.#read(type);
    this.#copies.set(type, copy);
    return copy;
  }

  #isYoung({ read }: Copy): boolean {
    return this.#ledger.environment.now() < read + OWN_ROUTE_MS;
  }

  async #read(type: string): Promise<Copy> {
    const read = this.#ledger.environment.now();
    const routes: Route[] = [];
    for (let next: string | undefined = this.#subscriber; next !== undefined; ) {
      const route: Route | undefined = await getRow<Route>(this.#ledger, routeKey(type, next));
      if (route) routes.push(route);
      const former: string | undefined = route?.adopts?.subscriber;
      next = routes.some(({ subscriber }) => subscriber === former) ? undefined : former;
    }
    return { read, routes };
  }
}

const known = new WeakMap<Environment, OwnRoutes>();

/** The routes of an environment's function, which reads a stream for one subscriber. */
export function ownRoutesOf(environment: Environment, bindings: Bindings, subscriber: string): OwnRoutes {
  const own = known.get(environment) ?? new OwnRoutes(ledgerOf(environment, bindings), subscriber);
  known.set(environment, own);
  return own;
}
