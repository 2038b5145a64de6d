import { concurrently } from '../aws/concurrently.ts';
import { readFence, readParked } from '../ledger/fence.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRoutes } from '../ledger/route-book.ts';
import { expectedBy, predecessorOf, type Standing, standingOf } from '../ledger/rows/predecessor.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { Envelope } from '../message/envelope.ts';
import { readOrder } from '../message/order.ts';
import type { Action } from '../transaction/pending-transaction.ts';
import { advance, markPassed, type Place, park, placeIn } from './fence-actions.ts';

/** How a message stands at a subscriber now. */
export interface Stood {
  readonly place: Place;
  readonly standing: Standing;
  /** The number of its predecessor there; 0 where it has none. */
  readonly after: number;
  readonly last: Awaited<ReturnType<typeof readFence>>;
}

/** How a message stands at a subscriber, by consistent reads of routes and fence; `undefined` where it has no number. */
export async function standingAt(ledger: Ledger, subscriber: string, envelope: Envelope): Promise<Stood | undefined> {
  const place = placeIn(envelope, subscriber);
  if (!place || envelope.order === undefined) return undefined;
  const order = readOrder(envelope.order);
  const types = order.before.map(({ type }) => type);
  const routes = new Map<string, readonly Route[]>();
  await concurrently(READS_AT_ONCE, types, async (type) => routes.set(type, await readRoutes(ledger, type)));
  const isExpected = expectedBy(subscriber, (type) => routes.get(type) ?? []);
  const after = predecessorOf(order, isExpected, ledger.environment.now())?.number ?? 0;
  const last = await readFence(ledger, subscriber, place.key);
  return { place, after, last, standing: standingOf(place.number, after, last) };
}

const READS_AT_ONCE = 8;

/**
 * What commits with an end that is not by the subscriber's own function, so that those behind it do not wait for it: the
 * fence moves past the message where it is due; where it is not, its row says that whoever comes to it passes it over.
 *
 * @returns none where the message has no number, or was overtaken
 */
export async function passActions(ledger: Ledger, subscriber: string, envelope: Envelope): Promise<Action[]> {
  const stood = await standingAt(ledger, subscriber, envelope);
  return stood ? passingActions(ledger, stood) : [];
}

/** `passActions` of a message that was looked at. */
export async function passingActions(ledger: Ledger, { place, standing, after, last }: Stood): Promise<Action[]> {
  if (standing === 'overtaken') return [];
  const isParked = Boolean(last?.parked) && (await readParked(ledger, place.subscriber, place.key, place.number));
  if (standing === 'due') return advance(ledger, place, after, { unparks: Boolean(isParked) });
  return isParked ? markPassed(ledger, place, last) : park(ledger, place, last, { after, pass: true });
}
