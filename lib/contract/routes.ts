import { messageTime } from './message-id.ts';

/**
 * Where a subscriber's copies go: its own SQS queue, or the Kinesis stream that its channel's subscribers share. What only
 * one of them lacks is sent to the retry queue, which is its own.
 */
export type Destination =
  | { readonly kind: 'queue'; readonly url: string }
  | { readonly kind: 'stream'; readonly name: string; readonly retryQueueUrl: string };

/** The queue of which nobody but the subscriber receives. */
export function ownQueueUrl(destination: Destination): string {
  return destination.kind === 'queue' ? destination.url : destination.retryQueueUrl;
}

/** Who expects an event type, from when until when. Written at deploy time, one row per event type and subscriber. */
export interface Route {
  readonly type: string;
  readonly subscriber: string;
  /** Milliseconds since the epoch: 0 for the first subscriber that the event type ever had. */
  readonly since: number;
  /** Milliseconds since the epoch; absent while the subscriber is there. */
  readonly until?: number;
  readonly destination: Destination;
  /** Milliseconds from commit within which a message should have ended there. */
  readonly deadline: number;
  readonly businessLine: string;
}

/**
 * The routes of a message's event type by which the message is expected. Relay, reconciliation, trace and healing all
 * ask this one function, so they never disagree: the answer rests on the id's time and the routes alone.
 */
export function expected(messageId: string, routes: readonly Route[]): Route[] {
  const time = messageTime(messageId);
  return routes.filter((route) => route.since <= time && (route.until === undefined || time < route.until));
}
