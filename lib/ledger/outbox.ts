import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import type { Counts } from '../aws/invocation.ts';
import { hasCode } from '../contract/errors.ts';
import type { Envelope } from '../message/envelope.ts';
import { getRow, type Ledger } from './ledger.ts';
import type { Row } from './partition.ts';
import { FORMATS, newestFormat } from './rows/format.ts';
import type { LedgerKey } from './rows/layout.ts';
import { envelopeOf, type OutboxRow, outboxKey } from './rows/outbox.ts';

/**
 * A message's row as it was committed, read consistently; `undefined` where it was not, or has been cleaned up.
 *
 * @throws MalformedMessage when it is no message id
 */
export function readOutbox(ledger: Ledger, id: string): Promise<OutboxRow | undefined> {
  return getRow(ledger, outboxKey(id));
}

/** An outbox row as DynamoDB gives it, or as its stream does, which has bytes in base64. */
export function outboxRowOf(item: Row): OutboxRow {
  const cells = Object.entries(item).map(([name, value]) => [name, withBytes(value)]);
  return unmarshall(Object.fromEntries(cells)) as OutboxRow;
}

function withBytes(value: AttributeValue): AttributeValue {
  const bytes: unknown = value.B;
  return typeof bytes === 'string' ? { B: Buffer.from(bytes, 'base64') } : value;
}

/**
 * The message in an outbox row of the ledger, whatever its format.
 *
 * @throws UnknownRowFormat when this deployment does not know it
 * @throws MalformedMessage when the row holds no message
 */
export function envelopeIn({ environment, table }: Ledger, row: OutboxRow): Envelope {
  return envelopeOf(row, table, newestFormat(environment));
}

/** Whether this deployment does not know the format of a row. */
export function isOfNewerFormat({ environment }: Ledger, { format = FORMATS.plain }: OutboxRow): boolean {
  return format > newestFormat(environment);
}

/** What an outbox row holds, as far as it can be read. */
export type RowContent =
  | { readonly kind: 'message'; readonly envelope: Envelope }
  /** Its format is not known yet: a deployment that knows it will read it. */
  | { readonly kind: 'later'; readonly id: string }
  | { readonly kind: 'corrupt' };

/**
 * Reads the message in an outbox row. One that cannot be read must not hold up the others: its row stays in the ledger. It
 * is logged, and counted as `corrupt`; one of an unknown format as `newerFormat`.
 */
export function readOutboxRow(ledger: Ledger, row: OutboxRow, counts: Counts): RowContent {
  const { environment } = ledger;
  try {
    const envelope = envelopeIn(ledger, row);
    if (envelope.id === row.sk) return { kind: 'message', envelope };
    reportCorrupt(ledger, row, 'the envelope has another id than its row', counts);
  } catch (error) {
    if (!hasCode(error, 'unknown-row-format')) reportCorrupt(ledger, row, errorCode(error), counts);
    else {
      counts.add('newerFormat');
      quietly(() => environment.log.warn('newer row format', { pk: row.pk, sk: row.sk, format: row.format }));
      return { kind: 'later', id: row.sk };
    }
  }
  return { kind: 'corrupt' };
}

/** Reads the messages in outbox rows. `later`: the ids of those whose formats are not known yet. */
export function readOutboxRows(
  ledger: Ledger,
  items: readonly Row[],
  counts: Counts,
): { readonly envelopes: Envelope[]; readonly later: string[] } {
  const read = items.map((item) => readOutboxRow(ledger, outboxRowOf(item), counts));
  return {
    envelopes: read.flatMap((content) => (content.kind === 'message' ? [content.envelope] : [])),
    later: read.flatMap((content) => (content.kind === 'later' ? [content.id] : [])),
  };
}

/** Names a row that cannot be read, never what is in it. */
export function reportCorrupt({ environment }: Ledger, { pk, sk }: LedgerKey, reason: string, counts: Counts): void {
  counts.add('corrupt');
  quietly(() => environment.log.error('corrupt outbox row', { pk, sk, reason }));
}
