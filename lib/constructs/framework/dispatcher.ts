import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { allow, SEND } from '../aws/grants.ts';
import { FrameworkFunction } from './framework-function.ts';
import type { MessageSchedules } from './message-schedules.ts';

/** What relay, forwarder and sweep have in common. */
export interface DispatcherProps {
  readonly table: TableV2;
  readonly shards: number;
  readonly forwardQueue: sqs.IQueue;
  /** Where each message that is due much later has a schedule of its own. */
  readonly schedules?: MessageSchedules;
  readonly roleName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly logRetention?: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
}

interface Kind {
  readonly asset: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySize: number;
}

/**
 * A function that sends committed messages to whoever expects them: it reads routes, writes receipts, and puts into the
 * forward queue what a stream cannot delay. Where it may send to is granted by each subscriber or stream channel, in its
 * own stack.
 */
export class Dispatcher extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: DispatcherProps & Kind) {
    const { table, forwardQueue, schedules } = props;
    super(scope, id, {
      ...props,
      environment: {
        [BINDINGS.ledger]: table.tableName,
        [BINDINGS.shards]: String(props.shards),
        [BINDINGS.forwardQueueUrl]: forwardQueue.queueUrl,
        ...schedules?.variables,
      },
    });
    allow(this.role, ['dynamodb:Query', 'dynamodb:PutItem'], table.tableArn);
    allow(this.role, SEND, forwardQueue.queueArn);
    grantKeyUse(props.encryptionKey, this.role);
  }

  /** Lets it put aside what is due much later. */
  protected postpones({ table, schedules }: DispatcherProps): void {
    allow(this.role, ['dynamodb:BatchWriteItem'], table.tableArn);
    schedules?.grantCreate(this, this.role);
  }
}
