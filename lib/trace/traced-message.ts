import type { Hop } from '../inspect/inspection.ts';
import type { EndState } from '../ledger/rows/inbox.ts';

/** A message and everything that came of it. */
export interface TracedMessage {
  readonly id: string;
  readonly type: string;
  readonly businessLine: string;
  readonly key: string;
  /** When it was committed, in milliseconds since the epoch. */
  readonly committed: number;
  /** W3C trace context: the trace under which X-Ray and OpenTelemetry show it. */
  readonly traceparent: string;
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly due?: number;
  /** Of a message that its producer sends itself: whether it came to. */
  readonly handshake?: 'pending' | 'sent';
  /** Of a message that was cancelled: when, in milliseconds since the epoch. */
  readonly cancelled?: number;
  /** Of a message that was rescheduled: the message in its place. */
  readonly replacedBy?: TracedMessage;
  /** Every subscriber that expects it, by name. */
  readonly subscribers: readonly TracedDelivery[];
}

/** What became of a message at one subscriber. */
export interface TracedDelivery {
  readonly subscriber: string;
  /**
   * How it ended; or `inFlight` within its deadline, `late` behind others, `scheduled` for its moment or its next attempt,
   * `missing`; or `unjudged`, where what would tell could not be read.
   */
  readonly state: EndState | 'inFlight' | 'late' | 'scheduled' | 'missing' | 'unjudged';
  /** Of a `scheduled` message that waits for its moment: when that is, in milliseconds since the epoch. */
  readonly due?: number;
  /** When the relay had sent it, in milliseconds since the epoch, if anything says so. */
  readonly relayed?: number;
  readonly received?: number;
  readonly ended?: number;
  /** Deliveries until it ended. */
  readonly attempts?: number;
  /** The function and the request that ended it. */
  readonly function?: string;
  readonly request?: string;
  /** Of a `dead` message: why. */
  readonly reason?: string;
  /** Of a `dead` message: what the error said, its class included, and the first frame of its handler's. */
  readonly detail?: string;
  readonly at?: string;
  /** When its handler used its transaction though it had returned, in milliseconds since the epoch: that had no effect. */
  readonly late?: number;
  /**
   * Of a `missing` message: where it stopped, and what says so; of a `late` one, where it waits. `evidence` also of one that nothing has put to wait, that is
   * `unjudged`, or whose last attempt has failed.
   */
  readonly hop?: Hop;
  readonly evidence?: string;
  /** Milliseconds since its deadline, where it has not ended in time. */
  readonly overdueMs?: number;
  /** Its effects on services outside, in the order in which they began; empty where it has not ended, and none has begun. */
  readonly effects?: readonly TracedEffect[];
  /** The messages that its handling published. */
  readonly published: readonly TracedMessage[];
}

/** An effect on a service outside. */
export interface TracedEffect {
  /** `<name>`, or `<name>/<part>` where the message has several of the name. */
  readonly name: string;
  /** `unknown`: whoever ran it can run no more, and has not said how it ended. */
  readonly state: 'running' | 'done' | 'unknown';
  /** When its first run began, in milliseconds since the epoch. */
  readonly since: number;
}
