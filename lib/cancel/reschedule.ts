import { environmentOf } from '../aws/environment.ts';
import { type Delay, deliveryTime } from '../contract/delay.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { mintingShards } from '../ledger/minted-shards.ts';
import { withNewId } from '../message/with-new-id.ts';
import type { CancelOptions } from './cancel.ts';
import { cancelMessage, type EndOrBegun } from './cancel-message.ts';

/** Whether a message was given another moment. */
export type Rescheduling =
  /** `id`: of the message that is delivered in its place. */
  | { readonly rescheduled: true; readonly id: string }
  /** It has ended at some subscriber already, or was cancelled: nothing was changed. `ended`: how, by subscriber. */
  | { readonly rescheduled: false; readonly id: string; readonly ended: Readonly<Record<string, EndOrBegun>> };

/**
 * Gives a message another moment: in one transaction it is cancelled, as by `cancel`, and a new message with the same
 * payload, business key and chain is committed. Either the old one is delivered or the new one is. Ids of messages that
 * were rescheduled before stand for the last one in their place.
 *
 * @param delay when to deliver it instead; a moment that has passed is now
 * @returns what became of it: coming too late is no error
 * @throws InvalidDefinition, LimitExceeded when the delay is none, or longer than a year: nothing is sent
 * @throws TransactionMisused when its event is in a sequence, where each message has its place
 * @throws UnknownMessage, MalformedMessage, CommitUndecided, LimitExceeded, MissingBinding as `cancel`
 * @example const { rescheduled } = await reschedule(id, { delay: '2h' });
 */
export async function reschedule(messageId: string, delay: Delay, options: CancelOptions = {}): Promise<Rescheduling> {
  const environment = options.environment ?? environmentOf();
  const ledger = ledgerOf(environment);
  const deliverAt = deliveryTime(delay, environment.now());
  const outcome = await cancelMessage(ledger, messageId, (old) =>
    withNewId(environment, mintingShards(ledger), old, deliverAt),
  );
  const { id } = outcome;
  switch (outcome.kind) {
    case 'cancelled':
      return { rescheduled: true, id: outcome.replacement ?? id };
    case 'ended':
      return { rescheduled: false, id, ended: outcome.ended };
    case 'already-cancelled':
      return {
        rescheduled: false,
        id,
        ended: Object.fromEntries(outcome.subscribers.map((name) => [name, 'cancelled'])),
      };
  }
}
