import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import type { WaybillError } from '../contract/errors.ts';
import type { EffectsOwner } from '../effect/effects.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { InboxRow } from '../ledger/rows/inbox.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Action } from '../transaction/pending-transaction.ts';

/** What a message means to a subscriber whose messages are commands, each of which somebody waits for. */
export interface Commands {
  /** Whose the effects outside of a command are. */
  effectsOf(envelope: Envelope): EffectsOwner;
  /** How a command ends whose companion was refused for the row that lies in its place; `again` where it may run. */
  withheld(envelope: Envelope, row: CancellationReason['Item']): 'duplicate' | 'cancelled' | 'again';
  /** What is written where a command is refused, and so has ended well; `undefined` where it is dead. */
  refused(ledger: Ledger, envelope: Envelope, error: WaybillError): Promise<readonly Action[] | undefined>;
  /** Tells whoever waits how the command has ended. Telling it twice does no harm. */
  answer(ledger: Ledger, envelope: Envelope, end: Pick<InboxRow, 'state'> & Partial<InboxRow>): Promise<void>;
}
