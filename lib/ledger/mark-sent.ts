import { toItem } from '../aws/attribute.ts';
import { quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { type Ledger, updateRow } from './ledger.ts';
import { outboxKey } from './rows/outbox.ts';
import { untilKnown } from './until-known.ts';

/**
 * Notes in a message's outbox row that the broker has it. A row that is not `pending` stays as it is. Where it fails, the
 * message may be sent once more, which its subscribers' inboxes see: so a failure is only logged.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 */
export async function markSent(ledger: Ledger, id: string, until: number): Promise<void> {
  const { environment } = ledger;
  const report = (fields: Record<string, unknown>) =>
    quietly(() => environment.log.warn('not marked as sent', { id, ...fields }));
  try {
    const write = await untilKnown(environment, until, () =>
      updateRow(ledger, outboxKey(id), {
        UpdateExpression: 'SET sending = :sent',
        ConditionExpression: 'sending = :pending',
        ExpressionAttributeValues: toItem({ ':sent': 'sent', ':pending': 'pending' }),
      }),
    );
    if (write.kind === 'unknown') report({ error: write.code });
  } catch (error) {
    report(errorTrace(error));
  }
}
