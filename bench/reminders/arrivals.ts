import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { tableBinding } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { Arrivals } from './contract.ts';

/** When a reminder was to be handled, and when it was, in milliseconds since the epoch. */
export interface Arrival {
  readonly reminderId: string;
  readonly deliverAt: number;
  readonly handledAt: number;
}

/**
 * Waits until so many reminders have been handled whose ids begin so.
 *
 * @param until when to give up, in milliseconds since the epoch
 * @param quiet how long to leave everything alone between two looks, in milliseconds
 * @throws Error naming how many have not come
 */
export async function waitForArrivals(
  environment: Environment,
  { prefix, count, until, quiet }: { prefix: string; count: number; until: number; quiet: number },
): Promise<Arrival[]> {
  for (;;) {
    const arrivals = (await scan(environment)).filter(({ reminderId }) => reminderId.startsWith(prefix));
    if (arrivals.length >= count) return arrivals;
    if (environment.now() > until) throw new Error(`${count - arrivals.length} of ${count} messages did not arrive`);
    await environment.sleep(quiet);
  }
}

async function scan(environment: Environment): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await environment.dynamodb.send(
      new ScanCommand({
        TableName: environment.variables[tableBinding(Arrivals.name)],
        ConsistentRead: true,
        ExclusiveStartKey: from,
      }),
    );
    for (const item of page.Items ?? []) arrivals.push(unmarshall(item) as Arrival);
    from = page.LastEvaluatedKey;
  } while (from);
  return arrivals;
}
