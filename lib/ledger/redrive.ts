import { unmarshall } from '@aws-sdk/util-dynamodb';
import { quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { sendMessages } from '../aws/send-batch.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { getRow, type Ledger, putRow } from './ledger.ts';
import { rowsOf } from './partition.ts';
import { type RedriveNotice, type RedriveRow, RUNNING_REDRIVES, type RunningRow, redriveKey } from './rows/redrive.ts';

/** An operation as it is, read consistently. */
export function readRedrive(ledger: Ledger, subscriber: string, operation: string): Promise<RedriveRow | undefined> {
  return getRow(ledger, redriveKey(subscriber, operation));
}

/**
 * Writes an operation over what was read of it.
 *
 * @returns the row as it is now; `undefined` where somebody else has written it meanwhile
 */
export async function writeRedrive(
  ledger: Ledger,
  read: RedriveRow,
  change: Partial<RedriveRow>,
): Promise<RedriveRow | undefined> {
  const row = { ...read, ...change, written: ledger.environment.now(), revision: read.revision + 1 };
  const { kind } = await putRow(ledger, row, {
    ConditionExpression: 'revision = :read',
    ExpressionAttributeValues: { ':read': { N: String(read.revision) } },
  });
  return kind === 'written' ? row : undefined;
}

/** The operations that run, one a subscriber. */
export async function runningRedrives(ledger: Ledger): Promise<RunningRow[]> {
  const rows = await rowsOf(ledger, RUNNING_REDRIVES, { consistent: true });
  return rows.map((row) => unmarshall({ ...row }) as RunningRow);
}

/** Wakes the worker. Where that fails, the reconciler does so within a minute. */
export async function wakeRedrive(
  { environment }: Ledger,
  { subscriber, operation }: RedriveNotice['redrive'],
): Promise<void> {
  const url = environment.variables[BINDINGS.forwardQueueUrl];
  if (!url) return;
  const notice: RedriveNotice = { redrive: { subscriber, operation } };
  try {
    const [failed] = await sendMessages(environment, url, [{ body: JSON.stringify(notice) }]);
    if (failed) quietly(() => environment.log.warn('redrive not woken', { operation, code: failed.code }));
  } catch (error) {
    quietly(() => environment.log.warn('redrive not woken', { operation, code: errorCode(error) }));
  }
}

/** An operation of which nothing was written for so long has lost its notice. */
const ASLEEP_MS = 5 * MINUTE_MS;

/**
 * Wakes the operations whose notices were lost, or given up by SQS.
 *
 * @returns how many
 */
export async function wakeSleepingRedrives(ledger: Ledger): Promise<number> {
  let woken = 0;
  for (const { sk: subscriber, operation } of await runningRedrives(ledger)) {
    const row = await readRedrive(ledger, subscriber, operation);
    if (!row || row.written > ledger.environment.now() - ASLEEP_MS) continue;
    await wakeRedrive(ledger, { subscriber, operation });
    woken += 1;
  }
  return woken;
}
