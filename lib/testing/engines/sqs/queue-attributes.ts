import { UnsupportedByEngine } from '../../errors.ts';
import type { Queue } from './queue.ts';

/**
 * Attributes of a queue by name, or all that are known.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
 */
export function attributesOf(queue: Queue, names: readonly string[]): Record<string, string> {
  const attributes: Readonly<Record<string, string>> = {
    ...queue.counts(),
    QueueArn: queue.arn,
    VisibilityTimeout: String(queue.visibilityTimeout),
    DelaySeconds: String(queue.options.delaySeconds ?? 0),
    MessageRetentionPeriod: String(queue.options.retentionSeconds ?? FOUR_DAYS),
    ...(queue.isFifo && fifoAttributes(queue)),
  };
  if (names.includes('All')) return { ...attributes };
  const unknown = names.find((name) => attributes[name] === undefined);
  if (unknown) throw new UnsupportedByEngine(`The engine in memory does not know ${unknown} of GetQueueAttributes`);
  return Object.fromEntries(names.map((name) => [name, attributes[name] as string]));
}

function fifoAttributes({ options }: Queue) {
  return {
    FifoQueue: 'true',
    ContentBasedDeduplication: String(options.contentBasedDeduplication ?? false),
    DeduplicationScope: options.deduplicationScope ?? 'queue',
    FifoThroughputLimit: options.fifoThroughputLimit ?? 'perQueue',
  };
}

/** Seconds for which a queue keeps a message that says nothing else. */
const FOUR_DAYS = 345_600;
