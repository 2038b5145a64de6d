import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { DAY_MS } from '../contract/time.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Moments of message ids that a ledger's first comparison does not come past, both ends included. */
export interface History {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** Where nobody can say when the table was made: as long as a message of the usual lifetime lies in it. */
const USUAL_MS = 17 * DAY_MS;

/**
 * What was committed before the first comparison of a ledger begins: from the creation of its table on, whether or not anybody
 * compared it then. `undefined` where the table is newer.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
 */
export async function historyBefore(ledger: Ledger, first: number): Promise<History | undefined> {
  const from = await createdAt(ledger);
  return from <= first ? { from, to: first } : undefined;
}

async function createdAt({ environment, table }: Ledger): Promise<number> {
  try {
    const { Table } = await environment.dynamodb.send(new DescribeTableCommand({ TableName: table }));
    if (Table?.CreationDateTime) return Table.CreationDateTime.getTime();
  } catch (error) {
    // Nobody is to go without comparison for want of it.
    quietly(() => environment.log.warn('the age of the ledger is not known', { error: errorCode(error) }));
  }
  return environment.now() - USUAL_MS;
}
