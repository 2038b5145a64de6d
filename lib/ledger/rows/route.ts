import { messageTime } from '../../message/message-id.ts';
import type { EndState } from './inbox.ts';
import { type LedgerKey, ROUTE_PREFIX } from './layout.ts';

/** From when until when a subscriber expects messages, by the times in their ids. */
export interface Term {
  /** Milliseconds since the epoch: 0 for the first subscriber that the event type ever had. */
  readonly since: number;
  /** Milliseconds since the epoch; absent while the subscriber is there. */
  readonly until?: number;
}

/** Who expects an event type, from when until when. Written at deploy time, one row per event type and subscriber. */
export interface Route extends Term {
  readonly type: string;
  readonly subscriber: string;
  /** Of a subscriber that was removed and added again: its terms before, of which some messages may not have ended. */
  readonly past?: readonly Term[];
  /** The subscriber whose messages this one adopts once that was removed: what never ended there is sent here. */
  readonly adopts?: Adoption;
  readonly destination: Destination;
  /** Milliseconds from commit within which a message should have ended there. */
  readonly deadline: number;
  readonly businessLine: string;
  /** The newest format of outbox rows that its code and the ledger's stack read. @default 1 */
  readonly reads?: number;
  /** Whether its handler has effects outside: who cancels a message keeps them from beginning. */
  readonly effects?: true;
  /** Whether it keeps the order of its events' sequence: whoever ends a message in its place passes its fence. */
  readonly ordered?: true;
}

/** Whose messages a subscriber adopts, and from which ids on it expects none of its own while the former is there. */
export interface Adoption {
  readonly subscriber: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * Where a subscriber's copies go: its own SQS queue, or the Kinesis stream that its channel's subscribers share. What only
 * one of them lacks is sent to the retry queue, which is its own.
 */
export type Destination =
  | ({ readonly kind: 'queue'; readonly url: string } & LetterBox)
  | ({ readonly kind: 'stream'; readonly name: string; readonly retryQueueUrl: string } & LetterBox);

/** Where a subscriber's dead letters lie. */
export interface LetterBox {
  /** Absent where a deployment of version 0.1 has registered the route. */
  readonly deadLetterQueueUrl?: string;
}

/**
 * A route as it lies in the ledger, with the resources of CloudFormation that claim it. A construct that moves (to
 * another stack, or under another id) creates its new resource before it deletes the old one, so for a while two of them
 * claim one route: the last one that came has it, and where that is rolled back, the one before has it again.
 */
export interface RouteRow extends Route {
  /** The claims, the first that came first. Empty once the route has ended. */
  readonly claims?: readonly Claim[];
  /** Counts the writes of the row, so that none is made over one that it did not read. */
  readonly revision?: number;
  /** The request that set `since`, when it was not 0. */
  readonly sinceRequest?: string;
}

/** What one resource wants of a route. */
export interface Claim {
  /** `<stack id>|<logical resource id>` */
  readonly owner: string;
  readonly destination: Destination;
  readonly deadline: number;
  readonly businessLine: string;
  readonly adopts?: string;
  readonly effects?: true;
  readonly ordered?: true;
  readonly reads?: number;
}

/** The queue of which nobody but the subscriber receives. */
export function ownQueueUrl(destination: Destination): string {
  return destination.kind === 'queue' ? destination.url : destination.retryQueueUrl;
}

/**
 * The routes of a message's event type by which the message is expected, each with the term in which it is. Relay,
 * reconciliation, trace and healing all ask this one function, so they never disagree: the answer rests on the id's time
 * and the routes alone. A subscriber that was removed and added again expects what it expected before, and is there.
 *
 * What a subscriber expected that was removed, its successor adopts: an answer with `adoptedFrom`. It is the successor's
 * once the former's inbox says `abandoned`, and not before. Nobody but the reconciler sends it there.
 */
export function expected(messageId: string, routes: readonly Route[]): ExpectedRoute[] {
  const time = messageTime(messageId);
  return routes.flatMap((route) => {
    const term = termAt(time, route, routes);
    // Whoever is back is there, whatever it was away for: the route says whether it is gone.
    if (term && !term.adoptedFrom) return [route];
    return term ? [{ ...route, since: term.since, until: term.until, ...adoptedIn(term) }] : [];
  });
}

/** For how long a reader of a stream goes by what it has read of its own route, in milliseconds. */
export const OWN_ROUTE_MS = 60_000;

/**
 * The routes of readers of a stream that were removed so shortly before a message was committed that they may handle it all
 * the same, until their event sources are gone. Nobody else counts on that; whoever cancels the message keeps them from it.
 */
export function lingering(messageId: string, routes: readonly Route[]): Route[] {
  const time = messageTime(messageId);
  return routes.filter(
    ({ destination, until, past = [] }) =>
      destination.kind === 'stream' &&
      [{ until }, ...past].some(
        (term) => term.until !== undefined && time - term.until < OWN_ROUTE_MS && time >= term.until,
      ),
  );
}

/** A route by which a message is expected. */
export interface ExpectedRoute extends Route {
  /** The removed subscriber from which the message is adopted, if it is. */
  readonly adoptedFrom?: string;
}

/** Whether a message is a subscriber's to handle or hand over, given how it ended at whom it would be adopted from. */
export function isOwed({ adoptedFrom }: ExpectedRoute, endAt: (subscriber: string) => EndState | undefined): boolean {
  return adoptedFrom === undefined || endAt(adoptedFrom) === 'abandoned';
}

/** Whether somebody adopts what a subscriber has not ended. */
export function isAdopted({ subscriber }: Route, routes: readonly ExpectedRoute[]): boolean {
  return routes.some(({ adoptedFrom }) => adoptedFrom === subscriber);
}

interface FoundTerm extends Term {
  readonly adoptedFrom?: string;
}

/** The term in which a route expects ids of a time. Since the adoption, what the former subscriber expects is not its successor's. */
function termAt(
  time: number,
  route: Route,
  routes: readonly Route[],
  successors: readonly string[] = [],
): FoundTerm | undefined {
  const own = [route, ...(route.past ?? [])].find((term) => isWithin(time, term));
  const { adopts } = route;
  if (!adopts || successors.includes(adopts.subscriber) || (own && time < adopts.since)) return own;
  const former = routes.find(({ subscriber }) => subscriber === adopts.subscriber);
  const term = former && termAt(time, former, routes, [...successors, route.subscriber]);
  if (!term) return own;
  return term.until === undefined ? undefined : { ...termOf(route), adoptedFrom: adopts.subscriber };
}

function termOf({ since, until }: Term): Term {
  return { since, ...(until !== undefined && { until }) };
}

function adoptedIn({ adoptedFrom }: FoundTerm): Pick<ExpectedRoute, 'adoptedFrom'> {
  return adoptedFrom === undefined ? {} : { adoptedFrom };
}

function isWithin(time: number, { since, until }: Term): boolean {
  return since <= time && (until === undefined || time < until);
}

/** Where a subscriber's route for an event type lies. */
export function routeKey(eventType: string, subscriber: string): LedgerKey {
  return { pk: routePartition(eventType), sk: subscriber };
}

/** The partition of all routes of an event type. */
export function routePartition(eventType: string): string {
  return `${ROUTE_PREFIX}${eventType}`;
}

/** Where it is written that an event type has routes. */
export function eventTypeKey(eventType: string): LedgerKey {
  return { pk: EVENT_TYPES, sk: eventType };
}

/** The partition of all event types that ever had a route. */
export const EVENT_TYPES = 'types';
