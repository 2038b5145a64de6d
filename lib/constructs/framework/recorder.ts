import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { causePartitions, deadPartitions, inboxPartitions } from '../../ledger/rows/partitions.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { CONSUME, SEND } from '../aws/grants.ts';
import type { RowGrant } from '../aws/ledger-rows.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { allowQuarantine } from '../ledger/quarantine.ts';
import { allowSigning, bindSigning } from '../ledger/signing.ts';
import { FrameworkFunction } from './framework-function.ts';

/** How long an invocation of the recorder takes at most. */
export const RECORDER_TIMEOUT = Duration.seconds(30);

export interface RecorderProps {
  readonly ledger: ILedger;
  readonly subscriber: string;
  /** Where the subscriber keeps an order: how, its own queue, and the rows that are written for it. */
  readonly order?: {
    readonly onDead: 'block' | 'skip';
    readonly queue: sqs.IQueue;
    readonly rows: readonly RowGrant[];
  };
  /** The queue into which SQS moves what the subscriber's function never ends. */
  readonly backstopQueue: sqs.IQueue;
  readonly deadLetterQueue: sqs.IQueue;
  /** Whether it takes no message without a signature. */
  readonly verify: boolean;
  readonly logRetention?: logs.RetentionDays;
}

/** The function that records and dead-letters what comes to a subscriber's backstop queue. */
export class Recorder extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: RecorderProps) {
    const { ledger, subscriber, backstopQueue, deadLetterQueue, order } = props;
    super(scope, id, {
      ledger,
      asset: 'recorder',
      description: `Waybill: records what '${subscriber}' never ended`,
      environment: {
        [BINDINGS.subscriber]: subscriber,
        [BINDINGS.deadLetterQueueUrl]: deadLetterQueue.queueUrl,
        [BINDINGS.quarantineBucket]: ledger.quarantineBucket.bucketName,
        ...(order && { [BINDINGS.onDead]: order.onDead, [BINDINGS.queueUrl]: order.queue.queueUrl }),
      },
      allows: [
        [CONSUME, backstopQueue.queueArn],
        [SEND, deadLetterQueue.queueArn],
        ...(order ? [[SEND, order.queue.queueArn] as const] : []),
      ],
      rows: [
        {
          actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
          partitions: [...inboxPartitions(subscriber), ...deadPartitions(subscriber)],
        },
        { actions: ['dynamodb:UpdateItem'], partitions: causePartitions(subscriber) },
        { actions: ['dynamodb:DeleteItem'], partitions: deadPartitions(subscriber) },
        ...(order?.rows ?? []),
      ],
      timeout: RECORDER_TIMEOUT,
      memorySize: 256,
      logRetention: props.logRetention,
      // What the recorder logs is in the ledger and in the dead letters too.
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
    if (props.verify) {
      bindVariable(this.function, BINDINGS.verify, '1');
      bindSigning(ledger, this.function);
      allowSigning(ledger, this.role);
    }
    allowQuarantine(this, this.role, ledger.quarantineBucket, subscriber);
    new lambda.EventSourceMapping(this, 'Backstop', {
      target: this.function,
      eventSourceArn: backstopQueue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
    });
  }
}
