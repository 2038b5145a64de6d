import { writeEnding } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { Case } from './cases.ts';
import { committedEnvelope } from './resend.ts';

/**
 * Ends the message of a case at its subscriber, unless it has ended there.
 *
 * @returns how it ended
 * @throws UnknownMessage when the outbox does not hold it
 */
export async function endAs(ledger: Ledger, { id, subscriber }: Case, state: EndState): Promise<EndState> {
  const by = { attempts: 0, function: 'reconciler', request: '', redriven: false };
  const envelope = await committedEnvelope(ledger, id);
  return writeEnding(ledger, { subscriber, envelope, state, received: ledger.environment.now(), ...by });
}
