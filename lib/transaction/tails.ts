import type { Environment } from '../aws/environment.ts';
import type { LedgerKey } from '../ledger/rows/layout.ts';
import { type TailRow, tailKey } from '../ledger/rows/order.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { orderKey, readOrder } from '../message/order.ts';
import type { IdSource } from '../message/with-new-id.ts';

/** The newest messages of a key, as far as they are known: none of a key that nobody here has published to. */
export type Tail = Pick<TailRow, 'n' | 'last'>;

export const NO_TAIL: Tail = { n: 0, last: {} };

/** Keys that a process remembers: those that it has published to last. */
const REMEMBERED = 10_000;

/** In Lambda, what the process knows. */
const known = new WeakMap<Environment, Map<string, Tail>>();

/** A guess at what the ledger holds: whoever rests on it commits on condition that it is right. */
export function knownTail(environment: Environment, counter: string): Tail {
  return known.get(environment)?.get(counter) ?? NO_TAIL;
}

export function rememberTail(environment: Environment, counter: string, tail: Tail): void {
  const tails = known.get(environment) ?? new Map<string, Tail>();
  known.set(environment, tails);
  tails.delete(counter);
  tails.set(counter, tail);
  const [oldest] = tails.keys();
  if (tails.size > REMEMBERED && oldest !== undefined) tails.delete(oldest);
}

/** The key of the row from which a message's number comes. */
export function counterKey({ order = '', partitionkey }: Envelope): LedgerKey {
  const place = readOrder(order);
  return tailKey(place.sequence, orderKey(place, { partitionkey }));
}

/** Names the row from which a message's number comes among those of all ledgers. */
export function counterOf(table: string, envelope: Envelope): string {
  return `${table} ${counterKey(envelope).pk}`;
}

/** The moment of the newest message of a key, in milliseconds since the epoch; 0 where none is known. */
export function newestTime({ last }: Tail): number {
  return Object.values(last).reduce((newest, [, id]) => Math.max(newest, messageTime(id)), 0);
}

/** Mints ids for a message that are not older than the newest of its key, whichever clock that was minted by. */
export function idSourceOf(environment: Environment, table: string, envelope: Envelope): IdSource {
  if (envelope.order === undefined) return environment;
  const newest = newestTime(knownTail(environment, counterOf(table, envelope)));
  return { now: () => Math.max(environment.now(), newest), random: (bytes) => environment.random(bytes) };
}
