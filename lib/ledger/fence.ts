import { unmarshall } from '@aws-sdk/util-dynamodb';
import { getRow, type Ledger, queryPage } from './ledger.ts';
import { partition } from './partition.ts';
import { type LastRow, lastKey, type ParkRow, parkKey, parkPartition } from './rows/order.ts';

/** How far a subscriber has come with a key, read consistently; `undefined` where nothing of it has ended or is parked there. */
export function readFence(ledger: Ledger, subscriber: string, key: string): Promise<LastRow | undefined> {
  return getRow(ledger, lastKey(subscriber, key));
}

/** The row of a message that is parked, read consistently. */
export function readParked(
  ledger: Ledger,
  subscriber: string,
  key: string,
  number: number,
): Promise<ParkRow | undefined> {
  return getRow(ledger, parkKey(subscriber, key, number));
}

/** Of the messages of a key that are parked at a subscriber, the one with the smallest number, read consistently. */
export async function readFirstParked(ledger: Ledger, subscriber: string, key: string): Promise<ParkRow | undefined> {
  const { Items = [] } = await queryPage(ledger, parkPartition(subscriber, key), { ConsistentRead: true, Limit: 1 });
  const [first] = Items;
  return first && (unmarshall(first) as ParkRow);
}

/** All messages of a key that are parked at a subscriber, in their order, a page at a time. */
export async function* parkedAt(ledger: Ledger, subscriber: string, key: string): AsyncGenerator<readonly ParkRow[]> {
  for await (const page of partition(ledger, parkPartition(subscriber, key), { consistent: true })) {
    yield page.map((row) => unmarshall({ ...row }) as ParkRow);
  }
}
