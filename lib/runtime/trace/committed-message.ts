import { unmarshall } from '@aws-sdk/util-dynamodb';
import { decodeEnvelope, type Envelope, type OutboxRow } from '../../contract/index.ts';
import type { Environment } from '../environment.ts';
import { readOutbox } from '../read-outbox.ts';
import type { Row } from '../reconcile/partition.ts';

/** A message as it lies in the outbox. */
export interface Committed {
  readonly envelope: Envelope;
  readonly row: Pick<OutboxRow, 'sending' | 'cancelled' | 'replacedBy'>;
}

/** A message by its id; undefined where it was not committed, or is none. */
export async function readMessage(
  environment: Environment,
  ledger: string,
  id: string,
): Promise<Committed | undefined> {
  const row = await readOutbox(environment, ledger, id);
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
