import { readFence, readFirstParked, readParked } from '../ledger/fence.ts';
import { readInbox } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { envelopeIn, readOutbox } from '../ledger/outbox.ts';
import { predecessorAt } from '../ledger/predecessor.ts';
import { parkedNumber } from '../ledger/rows/order.ts';
import { standingOf } from '../ledger/rows/predecessor.ts';
import type { Envelope } from '../message/envelope.ts';
import { type NumberedMessage, orderKey, readOrder } from '../message/order.ts';

/** The message for which others of its key wait at a subscriber: the next that is to end there. */
export interface Blocker {
  readonly id: string;
  readonly number: number;
  /** `dead`: it has to be sent again, or skipped. `open`: it has not ended. */
  readonly state: 'dead' | 'open';
  /** Why it is dead: the error's code and message. */
  readonly reason?: string;
  readonly detail?: string;
  /** When nothing handles it any more, in milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * The message for which another waits at a subscriber, by the ends of messages and never by what is parked alone.
 *
 * @param isLost whether the message is in no queue: then only what is parked waits
 * @returns `undefined` where its turn has come or has passed, or it is in no order: then nothing holds it up
 */
export async function blockerOf(
  ledger: Ledger,
  subscriber: string,
  id: string,
  { isLost = false }: { readonly isLost?: boolean } = {},
): Promise<Blocker | undefined> {
  const envelope = await committed(ledger, id);
  if (!envelope?.order) return undefined;
  const order = readOrder(envelope.order);
  const key = orderKey(order, envelope);
  const last = await readFence(ledger, subscriber, key);
  const own = await predecessorAt(ledger, subscriber, order);
  if (!own || standingOf(order.number, own.number, last) !== 'early') return undefined;
  // What was lost on its way is sent again although its turn has not come: then it waits in the ledger.
  if (isLost && !(await readParked(ledger, subscriber, key, order.number))) return undefined;
  const first = await readFirstParked(ledger, subscriber, key);
  const isBehind = first && parkedNumber(first) < order.number;
  const before = isBehind ? await committed(ledger, first.id) : undefined;
  const head = before?.order ? await predecessorAt(ledger, subscriber, readOrder(before.order)) : own;
  const { n = 0 } = last ?? {};
  if (first && isBehind && (!head || head.number <= n)) {
    // The first one's turn has come. Whoever is to be passed over sends nothing by itself: its follower does, once it comes.
    return first.pass
      ? undefined
      : blocked(ledger, subscriber, { ...first, number: parkedNumber(first), expires: first.ttl });
  }
  return head && blocked(ledger, subscriber, head);
}

async function blocked(
  ledger: Ledger,
  subscriber: string,
  { id, number, expires }: Pick<NumberedMessage, 'id' | 'number' | 'expires'>,
): Promise<Blocker> {
  const end = await readInbox(ledger, subscriber, id);
  const blocker = { id, number, expires: expires * 1000 };
  if (end?.state !== 'dead') return { ...blocker, state: 'open' };
  const { reason, detail } = end;
  return { ...blocker, state: 'dead', ...(reason && { reason }), ...(detail && { detail }) };
}

async function committed(ledger: Ledger, id: string): Promise<Envelope | undefined> {
  const row = await readOutbox(ledger, id);
  return row && envelopeIn(ledger, row);
}
