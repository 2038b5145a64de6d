import { jitter } from '../aws/retry.ts';
import { CommitUndecided, UnknownMessage } from '../contract/errors.ts';
import { readInbox } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { envelopeIn, readOutbox } from '../ledger/outbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { Envelope } from '../message/envelope.ts';
import { commit } from '../transaction/commit.ts';
import { drainBehind } from './drain.ts';
import { passingActions, type Stood, standingAt } from './pass.ts';

/** What came of skipping a message: those behind it go on; it held up nobody; or it is not dead, so that it is not skipped. */
export type Skipped = 'skipped' | 'not-holding' | 'not-dead';

/** Milliseconds for which it is tried. */
const PATIENCE_MS = 10_000;

/**
 * Has those behind a dead message of an order go on without it. It stays dead; sent again, it is overtaken.
 *
 * @throws UnknownMessage when no such message was committed
 * @throws CommitUndecided when the fence kept moving
 */
export async function skip(ledger: Ledger, route: Route, id: string): Promise<Skipped> {
  const { environment } = ledger;
  const { subscriber } = route;
  const envelope = await committed(ledger, id);
  const until = environment.now() + PATIENCE_MS;
  for (let repeats = 0; environment.now() < until; repeats++) {
    const stood = await deadAt(ledger, subscriber, envelope);
    if (typeof stood === 'string') return stood;
    const result = await commit(environment, await passingActions(ledger, stood), until);
    if (result.kind === 'committed') {
      await drainBehind(ledger, envelope, route, until);
      return 'skipped';
    }
    await environment.sleep(jitter(environment, repeats));
  }
  throw new CommitUndecided(`The order of the key of '${id}' kept moving at '${subscriber}': try again`);
}

/**
 * The subscribers at which a message is dead, and others of its key wait for it or would: where it can be skipped.
 *
 * @throws UnknownMessage when no such message was committed
 */
export async function heldUpBy(ledger: Ledger, routes: readonly Route[], id: string): Promise<Route[]> {
  const envelope = await committed(ledger, id);
  const held: Route[] = [];
  for (const route of routes) {
    if (!route.ordered || route.type !== envelope.type) continue;
    if (typeof (await deadAt(ledger, route.subscriber, envelope)) === 'object') held.push(route);
  }
  return held;
}

/** How a dead message stands at a subscriber that it holds up; or that it is not dead there, or holds up nobody. */
async function deadAt(ledger: Ledger, subscriber: string, envelope: Envelope): Promise<Stood | Skipped> {
  if ((await readInbox(ledger, subscriber, envelope.id))?.state !== 'dead') return 'not-dead';
  const stood = await standingAt(ledger, subscriber, envelope);
  return !stood || stood.standing === 'overtaken' ? 'not-holding' : stood;
}

async function committed(ledger: Ledger, id: string): Promise<Envelope> {
  const row = await readOutbox(ledger, id);
  if (!row) throw new UnknownMessage(`No message '${id}' is in the ledger '${ledger.table}'`);
  return envelopeIn(ledger, row);
}
