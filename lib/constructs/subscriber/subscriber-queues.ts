import { Duration, Validations } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import { encryptedQueue } from '../aws/encryption.ts';
import { DEAD_LETTER_RETENTION, LONGEST_RETENTION, visibilityFor } from '../aws/queue-times.ts';
import { RECORDER_TIMEOUT, Recorder } from '../framework/recorder.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/** Far beyond the run time's own count of failures, so that throttles and conflicts never fill a dead-letter queue. */
const BACKSTOP_RECEIVES = 100;

export interface SubscriberQueuesProps {
  readonly ledger: ILedger;
  readonly subscriber: string;
  /** How long an invocation of the queue's consumer takes at most, and its batch waits to fill. */
  readonly timeout: Duration;
  readonly maxBatchingWindow?: Duration;
  readonly retentionPeriod: Duration;
  readonly logRetention?: logs.RetentionDays;
}

/** The queues of a subscriber, and the recorder that empties the backstop. */
export class SubscriberQueues {
  readonly queue: sqs.Queue;
  readonly backstopQueue: sqs.Queue;
  readonly deadLetterQueue: sqs.Queue;
  readonly recorder: lambda.Function;

  constructor(scope: Construct, props: SubscriberQueuesProps) {
    const encryption = encryptedQueue(props.ledger.encryptionKey);
    this.deadLetterQueue = new sqs.Queue(scope, 'DeadLetterQueue', {
      ...encryption,
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    Validations.of(this.deadLetterQueue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'It is a dead-letter queue: the run time and the recorder send to it, with the reason, where SQS would not',
    });
    this.backstopQueue = new sqs.Queue(scope, 'BackstopQueue', {
      ...encryption,
      retentionPeriod: DEAD_LETTER_RETENTION,
      visibilityTimeout: visibilityFor(RECORDER_TIMEOUT),
    });
    this.queue = new sqs.Queue(scope, 'Queue', {
      ...encryption,
      retentionPeriod: props.retentionPeriod,
      visibilityTimeout: visibilityFor(props.timeout, props.maxBatchingWindow),
      deadLetterQueue: { queue: this.backstopQueue, maxReceiveCount: BACKSTOP_RECEIVES },
    });
    const { backstopQueue, deadLetterQueue } = this;
    this.recorder = new Recorder(scope, 'Recorder', { ...props, backstopQueue, deadLetterQueue }).function;
  }
}

/**
 * A day beyond the shortest lifetime, so that a message is still there to end as expired, but not for so long that it could
 * come again after the proof that it was handled has gone.
 */
export function retentionFor({ consumes }: SubscriberDefinition): Duration {
  const lifetime = Math.min(...consumes.map((event) => event.lifetime));
  const seconds = Math.ceil(lifetime / 1_000) + Duration.days(1).toSeconds();
  return Duration.seconds(Math.min(LONGEST_RETENTION.toSeconds(), seconds));
}
