import { concurrently } from '../aws/concurrently.ts';
import { type MessageOrder, type NumberedMessage, readOrder } from '../message/order.ts';
import type { Ledger } from './ledger.ts';
import { envelopeIn, readOutbox } from './outbox.ts';
import { readRoutes } from './route-book.ts';
import { type Expectation, expectationOf, predecessorOf } from './rows/predecessor.ts';
import type { Route } from './rows/route.ts';

const READS_AT_ONCE = 8;

/**
 * The message of a key that a subscriber is to end before another one. A message names the newest before it of each event
 * type. Where that one came while the subscriber was away, those before it are looked for in the outbox, by one consistent read
 * for each that came meanwhile; what is not there any more has expired, and all before it.
 */
export async function findPredecessor(
  ledger: Ledger,
  { before }: MessageOrder,
  expectation: Expectation,
): Promise<NumberedMessage | undefined> {
  const newest: NumberedMessage[] = [];
  for (const one of before) {
    const found = await newestNotAwayFor(ledger, one, expectation);
    if (found) newest.push(found);
  }
  return predecessorOf({ before: newest }, expectation.isExpected, ledger.environment.now());
}

/** `findPredecessor` by routes that are read for it. */
export async function predecessorAt(
  ledger: Ledger,
  subscriber: string,
  order: MessageOrder,
): Promise<NumberedMessage | undefined> {
  const routes = new Map<string, readonly Route[]>();
  await concurrently(READS_AT_ONCE, order.before, async ({ type }) => routes.set(type, await readRoutes(ledger, type)));
  return findPredecessor(
    ledger,
    order,
    expectationOf(subscriber, (type) => routes.get(type) ?? []),
  );
}

async function newestNotAwayFor(
  ledger: Ledger,
  from: NumberedMessage,
  { wasAwayFor }: Expectation,
): Promise<NumberedMessage | undefined> {
  let found: NumberedMessage | undefined = from;
  while (found && wasAwayFor(found)) {
    const row = await readOutbox(ledger, found.id);
    const { order } = row ? envelopeIn(ledger, row) : {};
    found = order === undefined ? undefined : readOrder(order).before.find(({ type }) => type === from.type);
  }
  return found;
}
