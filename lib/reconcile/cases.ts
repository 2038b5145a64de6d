import { type AttributeValue, DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { toItem } from '../aws/expression.ts';
import { type Hop, momentOf } from '../inspect/inspection.ts';
import { partition } from '../ledger/partition.ts';
import type { LedgerKey } from '../ledger/rows/layout.ts';
import { openKey, openPartition } from '../ledger/rows/open-case.ts';

/** A message that had not ended at a subscriber when reconciliation came past, followed up until it has. */
export interface OpenCase {
  readonly id: string;
  readonly subscriber: string;
  readonly type: string;
  readonly businessLine: string;
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly deliverAt?: number;
  /** `quarantined`: sent again as often as healing tries, in vain; somebody has to look. */
  readonly state: 'waiting' | 'missing' | 'quarantined';
  /** Of a `missing` or `quarantined` message. */
  readonly hop?: Hop;
  readonly evidence?: string;
  /** How often it was sent again. */
  readonly tries: number;
  /** When it is looked at next, in milliseconds since the epoch. */
  readonly next: number;
}

/** A case outlives every message, so that none is forgotten unfinished. */
const LIFETIME = 400 * 86_400_000;

/** Opens a case, unless there is one. */
export async function openCase(environment: Environment, ledger: string, opened: OpenCase): Promise<void> {
  try {
    await environment.dynamodb.send(
      new PutItemCommand({
        TableName: ledger,
        Item: itemOf(opened),
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
  } catch (error) {
    if (errorCode(error) !== 'ConditionalCheckFailedException') throw error;
  }
}

/**
 * Writes a case down as it stands now, over the one that was read.
 *
 * @returns false where another run has changed it meanwhile: then that one's word counts
 */
export async function rewriteCase(
  environment: Environment,
  ledger: string,
  read: OpenCase,
  now: OpenCase,
): Promise<boolean> {
  try {
    await environment.dynamodb.send(
      new PutItemCommand({
        TableName: ledger,
        Item: itemOf(now),
        ConditionExpression: '#tries = :tries AND #next = :next',
        ExpressionAttributeNames: { '#tries': 'tries', '#next': 'next' },
        ExpressionAttributeValues: { ':tries': { N: String(read.tries) }, ':next': { N: String(read.next) } },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    return true;
  } catch (error) {
    if (errorCode(error) === 'ConditionalCheckFailedException') return false;
    throw error;
  }
}

/** Closes the case of a message that has ended. */
export async function closeCase(environment: Environment, ledger: string, { id, subscriber }: OpenCase): Promise<void> {
  const Key = toItem(openKey(id, subscriber));
  await environment.dynamodb.send(new DeleteItemCommand({ TableName: ledger, Key, ReturnConsumedCapacity: 'TOTAL' }));
}

/** The open cases of a shard, the oldest message's first. */
export async function* casesOf(environment: Environment, ledger: string, shard: number): AsyncGenerator<OpenCase> {
  for await (const page of partition(environment, ledger, openPartition(shard), { consistent: true })) {
    for (const row of page) {
      const { pk: _pk, sk: _sk, ttl: _ttl, ...opened } = unmarshall({ ...row });
      yield opened as OpenCase;
    }
  }
}

function itemOf(opened: OpenCase): Record<string, AttributeValue> {
  const key: LedgerKey = openKey(opened.id, opened.subscriber);
  return toItem({ ...key, ...opened, ttl: Math.ceil((momentOf(opened) + LIFETIME) / 1000) });
}
