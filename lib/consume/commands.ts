import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import type { InboundRecord } from '../aws/record.ts';
import type { WaybillError } from '../contract/errors.ts';
import type { EffectsOwner } from '../effect/effects.ts';
import type { EndState, InboxRow } from '../ledger/rows/inbox.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Invocation, Outcome } from './invocation.ts';

/** What a message means to a subscriber whose messages are commands, each of which somebody waits for. */
export interface Commands {
  /** Whose the effects outside of a command are. */
  effectsOf(envelope: Envelope): EffectsOwner;
  /**
   * Ends a command whose companion was refused, for the row that lies in its place.
   *
   * @returns how it ended; `undefined` where it may run
   */
  withheld(
    invocation: Invocation,
    record: InboundRecord,
    envelope: Envelope,
    row: CancellationReason['Item'],
  ): Promise<EndState | undefined>;
  /** Ends a command that is refused, and so has ended well; `undefined` where it is dead. */
  refuse(
    invocation: Invocation,
    record: InboundRecord,
    envelope: Envelope,
    error: WaybillError,
  ): Promise<Outcome | undefined>;
  /** Tells whoever waits how the command has ended. Telling it twice does no harm. */
  answer(invocation: Invocation, envelope: Envelope, end: Pick<InboxRow, 'state'> & Partial<InboxRow>): Promise<void>;
}
