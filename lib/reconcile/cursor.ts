import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { toItem } from '../aws/expression.ts';
import { reconcileKey } from '../ledger/rows/cursor.ts';

/** Up to where a pass has come, in milliseconds since the epoch. */
export interface Cursor {
  readonly upTo: number;
}

const MINUTE = 60_000;
/** What one run of a pass looks at, at most: after a standstill it catches up in several runs. */
const LONGEST_SPAN = 15 * MINUTE;
/** Where a ledger's first run begins. */
export const FIRST_SPAN = 10 * MINUTE;

/**
 * What a run of a pass looks at, both ends included; undefined where there is nothing yet.
 *
 * @param target up to where it may look
 * @param first where a pass begins that has no cursor
 */
export function nextSpan(
  cursor: Cursor | undefined,
  target: number,
  first: number,
): { readonly from: number; readonly to: number } | undefined {
  const from = (cursor?.upTo ?? first) + 1;
  const to = Math.min(target, from + LONGEST_SPAN - 1);
  return to < from ? undefined : { from, to };
}

export async function readCursor<Kind extends Cursor>(
  environment: Environment,
  ledger: string,
  pass: string,
): Promise<Kind | undefined> {
  const reply = await environment.dynamodb.send(
    new GetItemCommand({
      TableName: ledger,
      Key: toItem(reconcileKey(pass)),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return reply.Item && (unmarshall(reply.Item) as Kind);
}

/** Where another run has moved the pass on meanwhile, its word counts. */
export async function writeCursor<Kind extends Cursor>(
  environment: Environment,
  ledger: string,
  pass: string,
  read: Kind | undefined,
  cursor: Kind,
): Promise<void> {
  const values: Record<string, AttributeValue> = { ':read': { N: String(read?.upTo ?? 0) } };
  try {
    await environment.dynamodb.send(
      new PutItemCommand({
        TableName: ledger,
        Item: toItem({ ...reconcileKey(pass), ...cursor }),
        ConditionExpression: read ? 'upTo = :read' : 'attribute_not_exists(upTo)',
        ...(read && { ExpressionAttributeValues: values }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
  } catch (error) {
    if (errorCode(error) !== 'ConditionalCheckFailedException') throw error;
  }
}
