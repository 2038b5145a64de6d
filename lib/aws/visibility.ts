import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs';
import { LONGEST_WAIT_SECONDS } from '../contract/retry.ts';
import { type Environment, quietly } from './environment.ts';
import { errorTrace } from './errors.ts';
import type { InboundRecord } from './record.ts';
import { redeliveryDelay } from './retry.ts';

export type QueueRecord = Extract<InboundRecord, { readonly transport: 'queue' }>;

/** A record that must come again, after some seconds. */
export interface Postponed<Record extends InboundRecord> {
  readonly record: Record;
  readonly delaySeconds: number;
}

/** How long a record that failed rests; one that was never started comes again at once. */
export function postponed<Record extends InboundRecord>(record: Record, started: boolean): Postponed<Record> {
  return { record, delaySeconds: started ? redeliveryDelay(record.deliveries) : 0 };
}

/** A record whose moment is still to come, after so many seconds. */
export function givenBack<Record extends InboundRecord>(record: Record, seconds: number): Postponed<Record> {
  return { record, delaySeconds: Math.min(seconds, LONGEST_WAIT_SECONDS) };
}

const VISIBILITY_BATCH = 10;

/**
 * Sets when failed messages become visible again. Without it they come back when the queue's visibility timeout has
 * passed: later, but nothing is lost, so errors are only logged.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
 */
export async function backOff(
  environment: Environment,
  queueUrl: string,
  records: readonly Postponed<QueueRecord>[],
): Promise<void> {
  for (let start = 0; start < records.length; start += VISIBILITY_BATCH) {
    const batch = records.slice(start, start + VISIBILITY_BATCH);
    const command = new ChangeMessageVisibilityBatchCommand({
      QueueUrl: queueUrl,
      Entries: batch.map(({ record, delaySeconds }, index) => ({
        Id: String(index),
        ReceiptHandle: record.receiptHandle,
        VisibilityTimeout: delaySeconds,
      })),
    });
    try {
      await environment.sqs.send(command);
    } catch (error) {
      quietly(() => environment.log.warn('visibility unchanged', errorTrace(error)));
    }
  }
}
