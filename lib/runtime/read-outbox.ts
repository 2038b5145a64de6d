import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type OutboxRow, outboxKey } from '../contract/index.ts';
import type { Environment } from './environment.ts';
import { toItem } from './expression.ts';

/**
 * A message as it was committed, read consistently; `undefined` where it was not, or its row has been cleaned up.
 *
 * @throws MalformedMessage when it is no message id
 */
export async function readOutbox(environment: Environment, ledger: string, id: string): Promise<OutboxRow | undefined> {
  const reply = await environment.dynamodb.send(
    new GetItemCommand({
      TableName: ledger,
      Key: toItem(outboxKey(id)),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return reply.Item && (unmarshall(reply.Item) as OutboxRow);
}
