import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Environment } from 'waybill/runtime';
import { concurrently } from '../lib/aws/concurrently.ts';
import { minuteOf } from '../lib/ledger/rows/layout.ts';
import { type OutboxRow, outboxPartition } from '../lib/ledger/rows/outbox.ts';
import { decodeEnvelope, type Envelope } from '../lib/message/envelope.ts';
import type { TrackedMessage } from './message-tracker.ts';

const MINUTE = 60_000;
const QUERIES_AT_ONCE = 4;

/** The time in which a run's messages were committed, in milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Lists the messages about the run's orders that are committed, whoever published them: minute by minute, shard by shard. */
export async function committedMessages(
  environment: Environment,
  { ledger, shards }: { readonly ledger: string; readonly shards: number },
  { from, to }: Span,
  orderIds: ReadonlySet<string>,
): Promise<TrackedMessage[]> {
  const partitions: string[] = [];
  for (let minute = from - (from % MINUTE); minute <= to; minute += MINUTE) {
    for (let shard = 0; shard < shards; shard++) partitions.push(outboxPartition(minuteOf(minute), shard));
  }
  const found = await concurrently(QUERIES_AT_ONCE, partitions, (pk) => envelopesIn(environment, ledger, pk));
  return found.flat().flatMap(({ id, type, data }) => {
    const { orderId = '' } = data as { orderId?: string };
    return orderIds.has(orderId) ? [{ id, type, orderId }] : [];
  });
}

async function envelopesIn({ dynamodb }: Environment, ledger: string, pk: string): Promise<Envelope[]> {
  const envelopes: Envelope[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamodb.send(
      new QueryCommand({
        TableName: ledger,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ...(next && { ExclusiveStartKey: next }),
      }),
    );
    for (const item of page.Items ?? []) envelopes.push(decodeEnvelope((unmarshall(item) as OutboxRow).envelope));
    next = page.LastEvaluatedKey;
  } while (next);
  return envelopes;
}
