import { type Duration, Validations } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { encryptedQueue } from './encryption.ts';
import { DEAD_LETTER_RETENTION, LONGEST_RETENTION, visibilityFor } from './queue-times.ts';

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

/** A queue of work that is no message to a subscriber, and the queue to which SQS moves what it gives up. */
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

/** Where something ends that nobody takes out again but people: it is kept for 14 days. */
export class DeadLetterQueue extends sqs.Queue {
  constructor(scope: Construct, id: string, encryptionKey: kms.IKey | undefined) {
    super(scope, id, { ...encryptedQueue(encryptionKey), retentionPeriod: DEAD_LETTER_RETENTION });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue itself: nothing consumes it, so nothing can fail on it',
    });
  }
}
