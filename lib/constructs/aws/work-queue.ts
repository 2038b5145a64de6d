import { Duration, Validations } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { encryptedQueue } from './encryption.ts';

export interface WorkQueueProps {
  /** @default CloudFormation chooses it */
  readonly queueName?: string;
  /** How long an invocation of the queue's consumer takes at most. */
  readonly timeout: Duration;
  /** After how many receives SQS gives a message up, from 1 to 1000. */
  readonly maxReceiveCount: number;
  /** How long the queue keeps a message, less than 14 days. @default 4 days */
  readonly retentionPeriod?: Duration;
  readonly encryptionKey?: kms.IKey;
}

/** A queue of work that is no message to a subscriber, and the queue to which SQS moves what SQS gives up. */
export class WorkQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetterQueue: sqs.Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { queueName, timeout, maxReceiveCount, encryptionKey } = props;
    this.deadLetterQueue = new DeadLetterQueue(this, 'DeadLetterQueue', encryptionKey);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...encryptedQueue(encryptionKey),
      queueName,
      retentionPeriod: props.retentionPeriod ?? LONGEST_RETENTION,
      visibilityTimeout: visibilityFor(timeout),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount },
    });
  }
}

/**
 * Of a FIFO queue: each message group by itself, as far as throughput and deduplication go.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
 */
export const HIGH_THROUGHPUT = {
  fifo: true,
  deduplicationScope: sqs.DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
} as const;

/** A dead-letter queue, which nobody but people takes anything out of again. Letters are kept for 14 days. */
export class DeadLetterQueue extends sqs.Queue {
  /** @param isFifo whether it takes the letters of a FIFO queue. @default false */
  constructor(scope: Construct, id: string, encryptionKey: kms.IKey | undefined, isFifo = false) {
    super(scope, id, {
      ...encryptedQueue(encryptionKey),
      ...(isFifo && HIGH_THROUGHPUT),
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue itself: nothing consumes it, so nothing can fail on it',
    });
  }
}

/**
 * How long a queue keeps what nothing ends, at most. What SQS moves to a dead-letter queue keeps the time of its first
 * sending: the difference is what is left for it there.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
 */
export const LONGEST_RETENTION = Duration.days(4);
export const DEAD_LETTER_RETENTION = Duration.days(14);

const VISIBILITY_TIMEOUTS = 6;
const SHORTEST_VISIBILITY_S = 30;

/**
 * For how long a queue hides a message from others than the function that has it. Lambda asks for six times the
 * function's timeout, and the batching window, so that no message returns while it is still being handled.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function visibilityFor(timeout: Duration, window: Duration = Duration.seconds(0)): Duration {
  const seconds = VISIBILITY_TIMEOUTS * timeout.toSeconds() + window.toSeconds();
  return Duration.seconds(Math.max(SHORTEST_VISIBILITY_S, seconds));
}

/** Lambda's own, of a function that says nothing else. */
const LAMBDA_TIMEOUT = Duration.seconds(3);

/** How long an invocation of the function takes at most. */
export function timeoutOf(handler: lambda.Function): Duration {
  return handler.timeout ?? LAMBDA_TIMEOUT;
}
