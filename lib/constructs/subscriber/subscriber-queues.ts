import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import { encryptedQueue, grantKeyUse } from '../aws/encryption.ts';
import { allow, CONSUME, SEND } from '../aws/grants.ts';
import { DEAD_LETTER_RETENTION, LONGEST_RETENTION, visibilityFor } from '../aws/queue-times.ts';
import { FrameworkFunction } from '../framework/framework-function.ts';
import type { ILedger } from '../ledger/ledger.ts';
import { QuarantineAccess } from '../ledger/quarantine.ts';

/** Far beyond the run time's own count of failures, so that throttles and conflicts never fill a dead-letter queue. */
const BACKSTOP_RECEIVES = 100;

const RECORDER_TIMEOUT = Duration.seconds(30);

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
    this.recorder = this.createRecorder(scope, props);
  }

  private createRecorder(scope: Construct, props: SubscriberQueuesProps): lambda.Function {
    const { ledger, subscriber } = props;
    const recorder = new FrameworkFunction(scope, 'Recorder', {
      asset: 'recorder',
      description: `Waybill: records what '${subscriber}' never ended`,
      environment: {
        [BINDINGS.ledger]: ledger.table.tableName,
        [BINDINGS.shards]: String(ledger.shards),
        [BINDINGS.subscriber]: subscriber,
        [BINDINGS.deadLetterQueueUrl]: this.deadLetterQueue.queueUrl,
        [BINDINGS.quarantineBucket]: ledger.quarantineBucket.bucketName,
      },
      timeout: RECORDER_TIMEOUT,
      memorySize: 256,
      encryptionKey: ledger.encryptionKey,
      logRetention: props.logRetention,
      // What it logs is in the ledger and in the dead letters too.
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
    allow(recorder.role, ['dynamodb:GetItem', 'dynamodb:PutItem'], ledger.table.tableArn);
    allow(recorder.role, CONSUME, this.backstopQueue.queueArn);
    allow(recorder.role, SEND, this.deadLetterQueue.queueArn);
    grantKeyUse(ledger.encryptionKey, recorder.role);
    QuarantineAccess.forSubscriber(recorder, recorder.role, ledger.quarantineBucket, subscriber);
    new lambda.EventSourceMapping(recorder, 'Backstop', {
      target: recorder.function,
      eventSourceArn: this.backstopQueue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
    });
    return recorder.function;
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
