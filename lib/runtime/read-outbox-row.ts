import { decodeEnvelope, type Envelope, type LedgerKey, type OutboxRow } from '../contract/index.ts';
import type { Environment } from './environment.ts';
import { errorCode } from './error-code.ts';
import type { Counts } from './invocation-summary.ts';
import { quietly } from './quietly.ts';

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
