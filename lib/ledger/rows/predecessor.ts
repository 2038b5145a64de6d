import { messageTime } from '../../message/message-id.ts';
import type { MessageOrder, NumberedMessage } from '../../message/order.ts';
import { INBOX_AFTERLIFE } from './layout.ts';
import type { LastRow } from './order.ts';
import { expected, type Route } from './route.ts';

/** Whether a subscriber expects a message. */
export type IsExpected = (message: { readonly id: string; readonly type: string }) => boolean;

/** What a subscriber expects, and what it does not although it has expected older ones: what came while it was away. */
export interface Expectation {
  readonly isExpected: IsExpected;
  readonly wasAwayFor: IsExpected;
}

/** What a subscriber expects by the routes of each event type: not what it adopts, which comes when it comes. */
export function expectationOf(subscriber: string, routesOf: (type: string) => readonly Route[]): Expectation {
  const isExpected: IsExpected = ({ id, type }) =>
    expected(id, routesOf(type)).some((route) => route.subscriber === subscriber && route.adoptedFrom === undefined);
  return {
    isExpected,
    wasAwayFor: (message) =>
      !isExpected(message) &&
      routesOf(message.type).some(
        ({ subscriber: other, past = [] }) =>
          other === subscriber && past.some(({ since }) => since <= messageTime(message.id)),
      ),
  };
}

/**
 * The message of a key that a subscriber is to end before this one: of those before it the one with the greatest number that
 * the subscriber expects. So whoever takes some of the types only or came late finds it without asking for anything but
 * routes; for whoever was away for a while, `findPredecessor` looks behind what came meanwhile. What expired so long ago that its rows have gone counts no more.
 *
 * @param now milliseconds since the epoch
 */
export function predecessorOf(
  { before }: Pick<MessageOrder, 'before'>,
  isExpected: IsExpected,
  now: number,
): NumberedMessage | undefined {
  return before
    .filter((one) => one.expires * 1000 + INBOX_AFTERLIFE > now && isExpected(one))
    .reduce<NumberedMessage | undefined>((last, one) => (last && last.number > one.number ? last : one), undefined);
}

/**
 * How a message stands to the fence of its key. `due`: what it follows has ended. `early`: that has not. `overtaken`: what
 * follows it has ended, so that it can be handled out of order alone.
 */
export type Standing = 'due' | 'early' | 'overtaken';

/**
 * @param after the number of its predecessor; 0 where it has none
 * @param last the fence; absent where nothing of the key has ended or is parked
 */
export function standingOf(number: number, after: number, last: Pick<LastRow, 'n'> | undefined): Standing {
  const { n = 0 } = last ?? {};
  if (n >= number) return 'overtaken';
  return n >= after ? 'due' : 'early';
}
