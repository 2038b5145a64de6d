import type { Environment } from '../aws/environment.ts';
import type { RedriveRow } from '../ledger/rows/redrive.ts';

/** What is sent again, and how fast. */
export interface RedriveOptions {
  /** What died of this cause: its eight hex digits. @default whatever is dead */
  readonly cause?: string;
  /** These messages only, at most 1,000. @default whatever is dead */
  readonly ids?: readonly string[];
  /**
   * What was committed from a moment until before another, and is dead, or has not ended: after a mass loss. Milliseconds
   * since the epoch, or a Date.
   * @default whatever is dead
   */
  readonly range?: { readonly from: number | Date; readonly to: number | Date };
  /** Messages of the first wave, from 1 to 100. @default 1 */
  readonly canary?: number;
  /** The factor by which waves grow, from 1 to 10. @default 2 */
  readonly ramp?: number;
  /** Messages a second, at most: from 1 to 1,000. @default 50 */
  readonly maxRate?: number;
  /**
   * When it stops: at so many messages of a wave that failed once, which are so large a share of it. In the first wave one
   * is enough.
   * @default { share: 0.05, atLeast: 2 }
   */
  readonly relapse?: { readonly share?: number; readonly atLeast?: number };
  /** When it stops at the latest. @default never */
  readonly until?: number | Date;
  /** Whether what has expired is published anew, under a new id, for this subscriber alone. @default false */
  readonly republish?: boolean;
  /**
   * Of an ordered subscriber: whether what was overtaken in the order of its key is handled all the same, after what follows it.
   * @default it is dead-lettered again
   */
  readonly outOfOrder?: boolean;
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/** A redrive as it is. */
export interface Redrive {
  /** Its name, which `stopRedrive` and `resumeRedrive` take. */
  readonly operation: string;
  readonly state: RedriveRow['state'];
  /** Of a stopped one: a message failed again, an operator stopped it, or its time is up. */
  readonly reason?: NonNullable<RedriveRow['reason']>;
  /** Why it does not go on for now: what its worker failed with, or that the subscriber is paused. Absent while it goes on. */
  readonly waits?: string;
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages of them that have ended otherwise than dead. */
  readonly handled: number;
  /** Messages of them that failed again, once or more. */
  readonly relapsed: number;
  /** What was not sent: messages that have expired, or are in the outbox no more, and what is no message. */
  readonly refused: number;
  /** Records among these that are no messages: nothing could handle them, and `waybill dead` says what to do. */
  readonly unreadable: number;
  readonly waves: number;
}
