import { hasCode } from '../contract/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { envelopeIn, outboxRowOf, readOutbox } from '../ledger/outbox.ts';
import type { Row } from '../ledger/partition.ts';
import type { OutboxRow } from '../ledger/rows/outbox.ts';
import type { Envelope } from '../message/envelope.ts';

/** A message as it lies in the outbox. */
export interface Committed {
  readonly envelope: Envelope;
  readonly row: Pick<OutboxRow, 'sending' | 'cancelled' | 'replacedBy'>;
}

/** A message by its id; undefined where it was not committed, or is none. */
export async function readMessage(ledger: Ledger, id: string): Promise<Committed | undefined> {
  const row = await readOutbox(ledger, id);
  const envelope = row && envelopeIfValid(ledger, row);
  return envelope && { envelope, row };
}

/** The message in a row of the outbox; undefined where it is none. */
export function messageIn(ledger: Ledger, item: Row): Committed | undefined {
  const row = outboxRowOf(item);
  const envelope = envelopeIfValid(ledger, row);
  return envelope && { envelope, row };
}

/** @throws UnknownRowFormat when the row is of a newer format: a newer version of this command reads it */
function envelopeIfValid(ledger: Ledger, row: OutboxRow): Envelope | undefined {
  try {
    return envelopeIn(ledger, row);
  } catch (error) {
    if (hasCode(error, 'unknown-row-format')) throw error;
    return undefined;
  }
}
