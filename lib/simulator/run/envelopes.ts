import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { outboxRowOf } from '../../ledger/outbox.ts';
import { envelopeOf } from '../../ledger/rows/outbox.ts';
import { decodeEnvelope, type Envelope } from '../../message/envelope.ts';
import { LEDGER } from './ledger-row.ts';

/** Each check of a run reads the same texts: those of the last runs are kept. */
const KEPT = 1_000;
const kept = new Map<string, Envelope | undefined>();

/** What somebody who forges a message writes for each text of its payload. */
export const FORGED = 'forged';

/** The envelope in a text, if it is one, of this ledger: another's is no message here, nor is a forged one. It is not to be changed. */
export function decoded(text: string): Envelope | undefined {
  if (kept.has(text)) return kept.get(text);
  if (kept.size >= KEPT) kept.clear();
  const envelope = decode(text);
  kept.set(text, envelope);
  return envelope;
}

function decode(text: string): Envelope | undefined {
  try {
    const envelope = decodeEnvelope(text);
    const isForged = Object.values(envelope.data ?? {}).includes(FORGED);
    return envelope.ledger === LEDGER && !isForged ? envelope : undefined;
  } catch {
    return undefined;
  }
}

const keptRows = new WeakMap<object, Envelope | undefined>();

/** The envelope in an outbox row, if there is one. It is not to be changed. */
export function decodedRow(row: Readonly<Record<string, AttributeValue>> | undefined): Envelope | undefined {
  if (!row) return undefined;
  if (row.envelope?.S !== undefined) return decoded(row.envelope.S);
  if (!keptRows.has(row)) keptRows.set(row, unpacked(row));
  return keptRows.get(row);
}

function unpacked(row: Readonly<Record<string, AttributeValue>>): Envelope | undefined {
  try {
    return envelopeOf(outboxRowOf(row), LEDGER);
  } catch {
    return undefined;
  }
}

/** The texts of a batch's records. */
export function textsIn(event: object): string[] {
  const { Records = [] } = event as { readonly Records?: readonly BatchRecord[] };
  return Records.map(({ body, kinesis, dynamodb }) =>
    kinesis ? Buffer.from(kinesis.data, 'base64').toString() : (body ?? dynamodb?.NewImage?.envelope?.S ?? ''),
  );
}

interface BatchRecord {
  readonly body?: string;
  readonly kinesis?: { readonly data: string };
  readonly dynamodb?: { readonly NewImage?: Readonly<Record<string, AttributeValue>> };
}
