import type { Environment } from '../aws/environment.ts';
import { quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import type { Counts } from '../aws/invocation.ts';
import { decodeEnvelope, type Envelope } from '../message/envelope.ts';
import { getRow, type Ledger } from './ledger.ts';
import type { LedgerKey } from './rows/layout.ts';
import { type OutboxRow, outboxKey } from './rows/outbox.ts';

/**
 * A message as it was committed, read consistently; `undefined` where it was not, or its row has been cleaned up.
 *
 * @throws MalformedMessage when it is no message id
 */
export function readOutbox(ledger: Ledger, id: string): Promise<OutboxRow | undefined> {
  return getRow(ledger, outboxKey(id));
}

/**
 * The message in an outbox row. One that cannot be read must not hold up the others: its row stays in the ledger, and it is
 * logged and counted as `corrupt`.
 */
export function readOutboxRow(
  environment: Environment,
  row: Pick<OutboxRow, 'pk' | 'sk' | 'envelope'>,
  counts: Counts,
): Envelope | undefined {
  try {
    const envelope = decodeEnvelope(row.envelope);
    if (envelope.id === row.sk) return envelope;
    reportCorrupt(environment, row, 'the envelope has another id than its row', counts);
  } catch (error) {
    reportCorrupt(environment, row, errorCode(error), counts);
  }
  return undefined;
}

/** Names a row that cannot be read, never what is in it. */
export function reportCorrupt(environment: Environment, { pk, sk }: LedgerKey, reason: string, counts: Counts): void {
  counts.add('corrupt');
  quietly(() => environment.log.error('corrupt outbox row', { pk, sk, reason }));
}
