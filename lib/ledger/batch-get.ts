import { type AttributeValue, BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { patiently } from '../aws/send-batch.ts';
import { MEASURED } from '../aws/usage.ts';
import { ReadFailed } from '../contract/errors.ts';
import type { Ledger } from './ledger.ts';
import type { Projection } from './projection.ts';
import type { LedgerKey } from './rows/layout.ts';

/**
 * Rows of one request.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 */
export const READ_BATCH = 100;

export interface GetRowsOptions {
  /** @default true */
  readonly consistent?: boolean;
  /** @default whole rows */
  readonly projection?: Projection;
}

/**
 * Reads rows of the ledger, 100 a request, one request after another. What a reply leaves out for its size
 * (16 MB) or for want of capacity is asked for again, the latter with backoff and jitter.
 *
 * @param keys no two of them alike
 * @returns the rows that are there, in no order
 * @throws ReadFailed when DynamoDB still leaves some out after 10 s
 */
export async function getRows(
  { environment, table }: Ledger,
  keys: readonly LedgerKey[],
  { consistent = true, projection }: GetRowsOptions = {},
): Promise<Record<string, AttributeValue>[]> {
  const rows: Record<string, AttributeValue>[] = [];
  for (let start = 0; start < keys.length; start += READ_BATCH) {
    let pending: Record<string, AttributeValue>[] = keys.slice(start, start + READ_BATCH).map((key) => toItem(key));
    const pauses = patiently(environment);
    for (let repeat = 0; pending.length > 0; ) {
      const reply = await environment.dynamodb.send(
        new BatchGetItemCommand({
          RequestItems: { [table]: { Keys: pending, ConsistentRead: consistent, ...projection } },
          ...MEASURED,
        }),
      );
      const found = reply.Responses?.[table] ?? [];
      rows.push(...found);
      pending = reply.UnprocessedKeys?.[table]?.Keys ?? [];
      repeat = found.length > 0 ? 0 : repeat + 1;
      if (pending.length === 0 || repeat === 0) continue;
      const pause = pauses(repeat);
      if (pause === undefined) throw new ReadFailed(`DynamoDB left ${pending.length} rows of '${table}' unread`);
      await environment.sleep(pause);
    }
  }
  return rows;
}
