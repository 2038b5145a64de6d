import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs';
import { decodeEnvelope, encodeEnvelope, LIMITS, SendFailed } from '../contract/index.ts';
import { redeliveryDelay } from './backoff.ts';
import type { Bindings } from './bindings.ts';
import type { Environment } from './environment.ts';
import { errorTrace } from './failure.ts';
import { type InboundRecord, textOf } from './inbound.ts';
import { sendMessages } from './send-batch.ts';

export type QueueRecord = Extract<InboundRecord, { readonly transport: 'queue' }>;
type StreamRecord = Extract<InboundRecord, { readonly transport: 'stream' }>;

/** A record that must come again, after some seconds. */
export interface Postponed<Record extends InboundRecord> {
  readonly record: Record;
  readonly delaySeconds: number;
}

/** How long a record that failed rests; one that was never started comes again at once. */
export function postponed<Record extends InboundRecord>(record: Record, started: boolean): Postponed<Record> {
  return { record, delaySeconds: started ? redeliveryDelay(record.deliveries) : 0 };
}

/**
 * SQS hides a message for 12 hours from its receipt on, no longer.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
const LONGEST_HIDDEN_SECONDS = 11 * 3_600;

/** A record whose moment is still to come, after so many seconds. */
export function givenBack<Record extends InboundRecord>(record: Record, seconds: number): Postponed<Record> {
  const longest = record.transport === 'queue' ? LONGEST_HIDDEN_SECONDS : LIMITS.queueDelaySeconds;
  return { record, delaySeconds: Math.min(seconds, longest) };
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
      environment.log.warn('visibility unchanged', errorTrace(error));
    }
  }
}

/**
 * Parks stream records in the subscriber's retry queue, so that a shard never waits for them.
 *
 * @throws SendFailed when one could not be parked: the whole batch comes again, and what ended stays ended
 */
export async function park(
  environment: Environment,
  bindings: Bindings,
  records: readonly Postponed<StreamRecord>[],
): Promise<void> {
  if (records.length === 0) return;
  const entries = records.map(({ record, delaySeconds }) => ({ body: parkedText(record), delaySeconds }));
  const failed = await sendMessages(environment, bindings.get('queueUrl'), entries);
  if (failed.length > 0) {
    throw new SendFailed(`${failed.length} of ${records.length} records could not be parked: ${failed[0]?.code}`);
  }
}

/** Decoded and encoded again, the text holds only characters that SQS carries. */
function parkedText(record: StreamRecord): string {
  try {
    return encodeEnvelope(decodeEnvelope(textOf(record)));
  } catch (cause) {
    throw new SendFailed('A record that is no envelope could not be dead-lettered, and is not parked', { cause });
  }
}
