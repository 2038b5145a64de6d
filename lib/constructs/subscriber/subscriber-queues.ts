import { Duration } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import { encryptedQueue } from '../aws/encryption.ts';
import {
  DEAD_LETTER_RETENTION,
  DeadLetterQueue,
  HIGH_THROUGHPUT,
  LONGEST_RETENTION,
  visibilityFor,
} from '../aws/work-queue.ts';
import { RECORDER_TIMEOUT, Recorder } from '../framework/recorder.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { orderRows } from './order.ts';

/** Far beyond the run time's own count of failures, so that throttles and conflicts never fill a dead-letter queue. */
const BACKSTOP_RECEIVES = 100;

/**
 * Two days of a recorder that fails, and as many as SQS takes. By this SQS knows the dead-letter queue for one, so that its own
 * redrive, of the console and of `StartMessageMoveTask`, moves letters out of it.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
 */
const RECORDER_RECEIVES = 1_000;

export interface SubscriberQueuesProps {
  readonly ledger: ILedger;
  readonly subscriber: SubscriberDefinition;
  /** Whether its queues keep order. */
  readonly isFifo: boolean;
  /** How long an invocation of the queue's consumer takes at most, and its batch waits to fill. */
  readonly timeout: Duration;
  readonly maxBatchingWindow?: Duration;
  readonly retentionPeriod: Duration;
  readonly logRetention?: logs.RetentionDays;
  /** Whether it takes no message without a signature. */
  readonly verify: boolean;
}

/** Creates the queues of a subscriber, and the recorder that empties the backstop. */
export function createSubscriberQueues(scope: Construct, props: SubscriberQueuesProps) {
  const { encryptionKey } = props.ledger;
  const shared = { ...encryptedQueue(encryptionKey), ...(props.isFifo && HIGH_THROUGHPUT) };
  const deadLetterQueue = new DeadLetterQueue(scope, 'DeadLetterQueue', encryptionKey, props.isFifo);
  const backstopQueue = new sqs.Queue(scope, 'BackstopQueue', {
    ...shared,
    retentionPeriod: DEAD_LETTER_RETENTION,
    visibilityTimeout: visibilityFor(RECORDER_TIMEOUT),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: RECORDER_RECEIVES },
  });
  const queue = new sqs.Queue(scope, 'Queue', {
    ...shared,
    retentionPeriod: props.retentionPeriod,
    visibilityTimeout: visibilityFor(props.timeout, props.maxBatchingWindow),
    deadLetterQueue: { queue: backstopQueue, maxReceiveCount: BACKSTOP_RECEIVES },
  });
  const { subscriber, ledger, logRetention, verify } = props;
  const { ordered } = subscriber;
  const recorder = new Recorder(scope, 'Recorder', {
    ledger,
    subscriber: subscriber.name,
    ...(ordered && { order: { onDead: ordered.onDead, queue, rows: orderRows(subscriber) } }),
    backstopQueue,
    deadLetterQueue,
    verify,
    ...(logRetention !== undefined && { logRetention }),
  }).function;
  return { queue, backstopQueue, deadLetterQueue, recorder };
}

/**
 * How long a subscriber's queue keeps messages: a day beyond the shortest lifetime, so that a message is still there to
 * end as expired, but not for so long that it could come again after the proof that it was handled has gone.
 */
export function retentionFor({ consumes }: SubscriberDefinition): Duration {
  const lifetime = Math.min(...consumes.map((event) => event.lifetime));
  const seconds = Math.ceil(lifetime / 1_000) + Duration.days(1).toSeconds();
  return Duration.seconds(Math.min(LONGEST_RETENTION.toSeconds(), seconds));
}
