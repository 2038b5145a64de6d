import { jitter } from '../aws/retry.ts';
import { CommitUndecided, UnknownMessage } from '../contract/errors.ts';
import { readInbox } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { envelopeIn, readOutbox } from '../ledger/outbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import { commit } from '../transaction/commit.ts';
import { drainBehind } from './drain.ts';
import { passingActions, standingAt } from './pass.ts';

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
  const row = await readOutbox(ledger, id);
  if (!row) throw new UnknownMessage(`No message '${id}' is in the ledger '${ledger.table}'`);
  const envelope = envelopeIn(ledger, row);
  const until = environment.now() + PATIENCE_MS;
  for (let repeats = 0; environment.now() < until; repeats++) {
    if ((await readInbox(ledger, subscriber, id))?.state !== 'dead') return 'not-dead';
    const stood = await standingAt(ledger, subscriber, envelope);
    if (!stood || stood.standing === 'overtaken') return 'not-holding';
    const result = await commit(environment, await passingActions(ledger, stood), until);
    if (result.kind === 'committed') {
      await drainBehind(ledger, envelope, route, until);
      return 'skipped';
    }
    await environment.sleep(jitter(environment, repeats));
  }
  throw new CommitUndecided(`The order of the key of '${id}' kept moving at '${subscriber}': try again`);
}
