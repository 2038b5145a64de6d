import { readFence, readParked } from '../ledger/fence.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { predecessorAt } from '../ledger/predecessor.ts';
import { type Standing, standingOf } from '../ledger/rows/predecessor.ts';
import type { Envelope } from '../message/envelope.ts';
import { readOrder } from '../message/order.ts';
import type { Action } from '../transaction/action.ts';
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
  const after = (await predecessorAt(ledger, subscriber, readOrder(envelope.order)))?.number ?? 0;
  const last = await readFence(ledger, subscriber, place.key);
  return { place, after, last, standing: standingOf(place.number, after, last) };
}

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
