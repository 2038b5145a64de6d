import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { toItem } from '../aws/expression.ts';
import { outboxKey } from './rows/outbox.ts';
import { writeRow } from './write-row.ts';

/**
 * Notes in a message's outbox row that the broker has it. A row that is not `pending` stays as it is. Where it fails, the
 * message may be sent once more, which its subscribers' inboxes see: so a failure is only logged.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 */
export async function markSent(environment: Environment, ledger: string, id: string, until: number): Promise<void> {
  const command = new UpdateItemCommand({
    TableName: ledger,
    Key: toItem(outboxKey(id)),
    UpdateExpression: 'SET sending = :sent',
    ConditionExpression: 'sending = :pending',
    ExpressionAttributeValues: toItem({ ':sent': 'sent', ':pending': 'pending' }),
    ReturnConsumedCapacity: 'TOTAL',
  });
  try {
    const write = await writeRow(environment, until, () => environment.dynamodb.send(command));
    if (write.kind === 'unknown') report(environment, id, { error: write.code });
  } catch (error) {
    report(environment, id, errorTrace(error));
  }
}

function report(environment: Environment, id: string, fields: Record<string, unknown>): void {
  quietly(() => environment.log.warn('not marked as sent', { id, ...fields }));
}
