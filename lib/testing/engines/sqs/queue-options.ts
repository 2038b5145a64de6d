import { invalidAttributeValue } from './exceptions.ts';

/** @typeParam DeadLetters what a dead-letter queue is given as */
export interface SettingsOfQueue<DeadLetters extends { readonly isFifo: boolean } = { readonly isFifo: boolean }> {
  /** One that ends in `.fifo` makes a FIFO queue. */
  readonly name: string;
  /** Seconds for which a received message is invisible. @default 30 */
  readonly visibilityTimeout?: number;
  /** Seconds for which a new message is invisible, where it does not say. @default 0 */
  readonly delaySeconds?: number;
  /** Seconds after which a message is gone. @default 4 days */
  readonly retentionSeconds?: number;
  /** Where a message goes instead of being received once more than this: a FIFO queue's to a FIFO queue. @default nowhere */
  readonly deadLetter?: { readonly queue: DeadLetters; readonly maxReceiveCount: number };
  /** Of a FIFO queue: whether the SHA-256 of a body is its deduplication id, where none is given. @default false */
  readonly contentBasedDeduplication?: boolean;
  /** Of a FIFO queue: where a deduplication id counts. @default 'queue' */
  readonly deduplicationScope?: 'queue' | 'messageGroup';
  /** Of a FIFO queue. Throughput has no limit here. @default 'perQueue' */
  readonly fifoThroughputLimit?: 'perQueue' | 'perMessageGroupId';
}

const FIFO_ONLY = ['contentBasedDeduplication', 'deduplicationScope', 'fifoThroughputLimit'] as const;

export function isFifo({ name }: Pick<SettingsOfQueue, 'name'>): boolean {
  return name.endsWith('.fifo');
}

/**
 * Refuses a queue as SQS does.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
 */
export function refuseQueue(options: SettingsOfQueue): void {
  const { deadLetter, deduplicationScope, fifoThroughputLimit } = options;
  if (deadLetter && deadLetter.queue.isFifo !== isFifo(options)) {
    throw invalidAttributeValue(
      'RedrivePolicy',
      'The dead-letter queue of a FIFO queue is a FIFO queue, of a standard one a standard one.',
    );
  }
  const misplaced = isFifo(options) ? undefined : FIFO_ONLY.find((name) => options[name] !== undefined);
  if (misplaced) throw invalidAttributeValue(misplaced, 'It is an attribute of FIFO queues.');
  if (fifoThroughputLimit === 'perMessageGroupId' && deduplicationScope !== 'messageGroup') {
    throw invalidAttributeValue(
      'FifoThroughputLimit',
      'perMessageGroupId goes with the DeduplicationScope messageGroup.',
    );
  }
}
