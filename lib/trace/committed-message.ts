import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Ledger } from '../ledger/ledger.ts';
import { readOutbox } from '../ledger/outbox.ts';
import type { Row } from '../ledger/partition.ts';
import type { OutboxRow } from '../ledger/rows/outbox.ts';
import { decodeEnvelope, type Envelope } from '../message/envelope.ts';

/** A message as it lies in the outbox. */
export interface Committed {
  readonly envelope: Envelope;
  readonly row: Pick<OutboxRow, 'sending' | 'cancelled' | 'replacedBy'>;
}

/** A message by its id; undefined where it was not committed, or is none. */
export async function readMessage(ledger: Ledger, id: string): Promise<Committed | undefined> {
  const row = await readOutbox(ledger, id);
  const envelope = row && decodeIfValid(row.envelope);
  return envelope && { envelope, row };
}

/** The message in a row of the outbox; undefined where it is none. */
export function messageIn(item: Row): Committed | undefined {
  const row = unmarshall({ ...item }) as OutboxRow;
  const envelope = decodeIfValid(row.envelope);
  return envelope && { envelope, row };
}

function decodeIfValid(text: string): Envelope | undefined {
  try {
    return decodeEnvelope(text);
  } catch {
    return undefined;
  }
}
