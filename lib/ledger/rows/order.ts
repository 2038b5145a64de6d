import { type Expiring, LAST_PREFIX, type LedgerKey, PARK_PREFIX, TAIL_PREFIX } from './layout.ts';

/** The number that the newest message of a key has, and the newest message of each event type. Written by who publishes. */
export interface TailRow extends LedgerKey, Expiring {
  readonly n: number;
  /** By event type: its number, its id, and when it expires, in seconds since the epoch. */
  readonly last: Readonly<Record<string, readonly [number: number, id: string, expires: number]>>;
}

/** How far a subscriber has come with a key: the fence. Written with each end of a message there. */
export interface LastRow extends LedgerKey, Expiring {
  /** The number of the message that ended last; absent where none has, but some are parked. */
  readonly n?: number;
  /** Its id. */
  readonly id?: string;
  /** How many messages lie parked. @default 0 */
  readonly parked?: number;
  /** How many ever were: who has seen this number knows that none was parked since. @default 0 */
  readonly parks?: number;
}

/** A message that came before its turn, or one that ended before it and is to be passed over. The message itself lies in the outbox. */
export interface ParkRow extends LedgerKey, Expiring {
  readonly id: string;
  /** The number of the message that it follows at the subscriber; 0 where it is the first. */
  readonly after: number;
  /** Set where it has ended: whoever comes to it passes it over. */
  readonly pass?: true;
  /** The operation by which an operator had sent it again, if one had. */
  readonly redriven?: string;
}

/** Where the number of a key's newest message lies. */
export function tailKey(sequence: string, key: string): LedgerKey {
  return { pk: `${TAIL_PREFIX}${sequence}#${key}`, sk: 'tail' };
}

/** Where it lies how far a subscriber has come with a key. */
export function lastKey(subscriber: string, key: string): LedgerKey {
  return { pk: `${LAST_PREFIX}${subscriber}#${key}`, sk: 'last' };
}

/** The partition of the messages of a key that are parked at a subscriber, in their order. */
export function parkPartition(subscriber: string, key: string): string {
  return `${PARK_PREFIX}${subscriber}#${key}`;
}

/** Where a message of a key is parked. */
export function parkKey(subscriber: string, key: string, number: number): LedgerKey {
  return { pk: parkPartition(subscriber, key), sk: String(number).padStart(DIGITS, '0') };
}

/** The number of a message that is parked. */
export function parkedNumber({ sk }: Pick<LedgerKey, 'sk'>): number {
  return Number(sk);
}

const DIGITS = 15;
