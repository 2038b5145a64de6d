import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { concurrently } from '../aws/concurrently.ts';
import { quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { type Ledger, putRow } from '../ledger/ledger.ts';
import type { OutboxRow } from '../ledger/rows/outbox.ts';
import { untilKnown } from '../ledger/until-known.ts';

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const ROWS_IN_BATCH = 25;
const REQUESTS_AT_ONCE = 8;
const NONE: ReadonlySet<string> = new Set();

/**
 * Writes new outbox rows: one by a conditional put, several in batches of 25. A batch has no conditions, which rows of new
 * ids do not need at first; what a batch is not known to have written is put by itself, on condition that it is not there,
 * so that nothing is written over that has happened to the row since.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 * @param stored is told the place of each row as soon as it is durable; of the others it is not known
 * @throws TransactionRefused when DynamoDB refuses them all for good: none was written
 */
export async function storePending(
  ledger: Ledger,
  rows: readonly OutboxRow[],
  until: number,
  stored: (place: number) => void,
): Promise<void> {
  const left = rows.length === 1 ? [0] : await putInBatches(ledger, rows, until, stored);
  const refusals: unknown[] = [];
  await concurrently(REQUESTS_AT_ONCE, left, async (place) => {
    try {
      if (await put(ledger, rows[place] as OutboxRow, until)) stored(place);
    } catch (error) {
      refusals.push(error);
    }
  });
  if (rows.length > 0 && refusals.length === rows.length) throw refusals[0];
  const [refusal] = refusals;
  if (refusal)
    quietly(() => ledger.environment.log.error('not stored', { rows: refusals.length, ...errorTrace(refusal) }));
}

/** Returns the places of the rows that are not known to be written. */
async function putInBatches(
  ledger: Ledger,
  rows: readonly OutboxRow[],
  until: number,
  stored: (place: number) => void,
): Promise<number[]> {
  const starts = Array.from({ length: Math.ceil(rows.length / ROWS_IN_BATCH) }, (_, batch) => batch * ROWS_IN_BATCH);
  const left = await concurrently(REQUESTS_AT_ONCE, starts, async (start) => {
    const batch = rows.slice(start, start + ROWS_IN_BATCH);
    const written = ledger.environment.now() < until ? await putBatch(ledger, batch) : NONE;
    const places = batch.map((_, index) => start + index);
    for (const place of places) if (written.has(rows[place]?.sk ?? '')) stored(place);
    return places.filter((place) => !written.has(rows[place]?.sk ?? ''));
  });
  return left.flat();
}

/** Returns the ids that are known to be written. */
async function putBatch({ environment, table }: Ledger, rows: readonly OutboxRow[]): Promise<ReadonlySet<string>> {
  try {
    const { UnprocessedItems = {} } = await environment.dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: { [table]: rows.map((row) => ({ PutRequest: { Item: toItem(row) } })) },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    const unprocessed = new Set(UnprocessedItems[table]?.map(({ PutRequest }) => PutRequest?.Item?.sk?.S));
    return new Set(rows.map(({ sk }) => sk).filter((id) => !unprocessed.has(id)));
  } catch (error) {
    quietly(() => environment.log.warn('stored one by one', { rows: rows.length, ...errorTrace(error) }));
    return NONE;
  }
}

/** Whether the row is known to be there. No try begins after its time: readers take its minute for complete then. */
async function put(ledger: Ledger, row: OutboxRow, until: number): Promise<boolean> {
  const { environment } = ledger;
  if (environment.now() >= until) return false;
  const { kind } = await untilKnown(environment, until, () =>
    putRow(ledger, row, { ConditionExpression: 'attribute_not_exists(pk)' }),
  );
  // Nobody else has this id: what lies there was put by a try whose reply was lost.
  return kind !== 'unknown';
}
