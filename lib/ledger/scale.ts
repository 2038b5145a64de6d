import { Expression } from '../aws/expression.ts';
import { getRow, type Ledger, putRow, updateRow } from './ledger.ts';
import { type HistoryRow, historyKey, type ScaleRow, scaleKey } from './rows/scale.ts';

/** How much a subscriber is to take on at once; `undefined` where it has no scaler, or that has not looked yet. */
export function readScale(ledger: Ledger, subscriber: string): Promise<ScaleRow | undefined> {
  return getRow<ScaleRow>(ledger, scaleKey(subscriber));
}

/**
 * Writes what a reading came to, on condition that nobody wrote another since.
 *
 * @param read the row that was read; `undefined` where there was none
 * @returns whether it was written
 */
export async function writeScale(
  ledger: Ledger,
  subscriber: string,
  read: ScaleRow | undefined,
  row: Omit<ScaleRow, 'pk' | 'sk' | 'rev'>,
): Promise<boolean> {
  const { kind } = await putRow<ScaleRow>(
    ledger,
    { ...scaleKey(subscriber), ...row, rev: (read?.rev ?? 0) + 1 },
    read
      ? { ConditionExpression: 'rev = :rev', ExpressionAttributeValues: { ':rev': { N: String(read.rev) } } }
      : { ConditionExpression: 'attribute_not_exists(rev)' },
  );
  return kind === 'written';
}

/** Notes that the event source is set to what was wanted, unless something else is wanted by now. */
export async function markApplied(ledger: Ledger, subscriber: string, { concurrency }: ScaleRow): Promise<void> {
  const expression = new Expression('a scale');
  const [applied, wanted] = [expression.name('applied'), expression.name('concurrency')];
  const value = expression.value('applied', concurrency);
  await updateRow(ledger, scaleKey(subscriber), {
    UpdateExpression: `SET ${applied} = ${value}`,
    ConditionExpression: `${wanted} = ${value}`,
    ...expression.attributes(),
  });
}

/** Notes that the stream has the shards that were wanted, unless something else is wanted by now. */
export async function markSharded(ledger: Ledger, subscriber: string, shards: number): Promise<void> {
  const expression = new Expression('a scale');
  const [applied, wanted] = [expression.name('shardsApplied'), expression.name('shards')];
  const value = expression.value('shardsApplied', shards);
  await updateRow(ledger, scaleKey(subscriber), {
    UpdateExpression: `SET ${applied} = ${value}`,
    ConditionExpression: `${wanted} = ${value}`,
    ...expression.attributes(),
  });
}

/** What came to a subscriber by the hour; `undefined` where nothing was counted yet. */
export function readHistory(ledger: Ledger, subscriber: string): Promise<HistoryRow | undefined> {
  return getRow<HistoryRow>(ledger, historyKey(subscriber));
}

/** Writes what came by the hour. Two that do so at once have counted the same. */
export async function writeHistory(
  ledger: Ledger,
  subscriber: string,
  history: Omit<HistoryRow, 'pk' | 'sk'>,
): Promise<void> {
  await putRow<HistoryRow>(ledger, { ...historyKey(subscriber), ...history });
}
