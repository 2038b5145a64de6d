import { type AttributeValue, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { type BatchLimits, type FailedEntry, patiently, sendUntilDone } from '../aws/send-batch.ts';
import { MEASURED } from '../aws/usage.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerKey } from './rows/layout.ts';

/**
 * 25 rows; as many of the largest fit into the 16 MB of a request.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 */
const WRITE_BATCH: BatchLimits = { entries: 25, bytes: Number.POSITIVE_INFINITY };

/**
 * Puts rows into the ledger, each over whatever lies there, in full batches, and tries again, with backoff and jitter,
 * those that the reply names as unprocessed. No two of them may have one key.
 *
 * A request that timed out may have been carried out.
 *
 * @returns the rows that are not known to be written, in their order; empty when all are
 */
export function putRows(
  { environment, table }: Ledger,
  rows: readonly LedgerKey[],
  pauses = patiently(environment),
): Promise<FailedEntry[]> {
  const entries = rows.map((row) => ({ key: keyText(row), item: toItem(row) }));
  return sendUntilDone(environment, entries, pauses, WRITE_BATCH, noBytes, async (batch) => {
    const requests = batch.map(({ item }) => ({ PutRequest: { Item: item } }));
    const reply = await environment.dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: requests }, ...MEASURED }),
    );
    const unprocessed = new Set(reply.UnprocessedItems?.[table]?.map(({ PutRequest }) => itemKey(PutRequest?.Item)));
    return batch.map(({ key }) => (unprocessed.has(key) ? UNPROCESSED : undefined));
  });
}

const UNPROCESSED = { code: 'unprocessed', detail: 'BatchWriteItem did not process it', lasting: false };

function noBytes(): number {
  return 0;
}

function itemKey({ pk, sk }: Readonly<Record<string, AttributeValue>> = {}): string {
  return keyText({ pk: pk?.S ?? '', sk: sk?.S ?? '' });
}

function keyText({ pk, sk }: LedgerKey): string {
  return `${pk} ${sk}`;
}
