import type { ListEventSources } from '../inspect/subscriber-state.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Case } from './cases.ts';
import type { TimeLeft } from './time-left.ts';

export interface HealOptions extends TimeLeft {
  readonly graph: Graph;
  /** How many messages may be sent to each subscriber again in this run. */
  readonly budget: number;
  /** @default nothing is known of event sources */
  readonly listEventSources?: ListEventSources;
}

/** What following up the cases came to. */
export interface Healing {
  /** Cases of messages that have ended. */
  readonly closed: readonly Case[];
  /** Messages whose subscriber was removed before they ended there. */
  readonly abandoned: readonly Case[];
  /** Messages that ended as dead, since they expired before. */
  readonly expired: readonly Case[];
  /** Messages that were sent again. */
  readonly resent: readonly Case[];
  /** Messages that were put into the forward queue: their handshake was pending, or nothing had put them to wait. */
  readonly forwarded: readonly Case[];
  /** Cases of messages of which nobody could say where they are. */
  readonly unjudged: readonly Case[];
  /** Cases that are missing or given up after this run. */
  readonly missing: readonly Case[];
  /** Since when the oldest message that has not ended should be under way, as far as there is a case of it. */
  readonly oldest: number | undefined;
  /** Messages that should have been sent again and were not, for want of budget. */
  readonly deferred: number;
  /** Subscribers whose queues nothing reads. */
  readonly stopped: readonly Standstill[];
  /** Dead messages behind which others of their keys wait. */
  readonly blocked: readonly BlockedKey[];
}

/** A key that stands still at an ordered subscriber: one incident, however many of its messages wait. */
export interface BlockedKey {
  readonly subscriber: string;
  /** The dead message: it is to be sent again, or skipped. */
  readonly head: string;
  /** When it expires, in milliseconds since the epoch: it cannot be redriven any more then, and those behind it go on without it 3 days later. */
  readonly expires: number;
  /** Messages behind it of which there are cases. */
  cases: number;
}

/** A subscriber that stands still: one incident, however many of its messages wait. */
export interface Standstill {
  readonly subscriber: string;
  /** Why nothing reads its queue. */
  readonly reason: string;
  /** Its messages that should have ended and lie in its queue. */
  cases: number;
}
