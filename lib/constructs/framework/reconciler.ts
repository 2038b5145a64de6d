import { Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { METRICS } from '../../contract/metrics.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { allow, SEND } from '../aws/grants.ts';
import { EveryMinute } from './every-minute.ts';
import { FrameworkFunction } from './framework-function.ts';

/** How a ledger reconciles itself. */
export interface ReconcileOptions {
  /**
   * Whether the function has one concurrent execution of its own, so that a long run is not overtaken by the next. Two
   * runs at once do no harm, they only cost. An account whose limit is 10, as that of a new one is, can reserve none.
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /** MiB of the function. More is faster: Lambda gives it more of a processor. @default 512 */
  readonly memorySize?: number;
}

export interface ReconcilerProps extends ReconcileOptions {
  readonly table: TableV2;
  readonly shards: number;
  /** Where it puts what its producer never got to send. */
  readonly forwardQueue: sqs.IQueue;
  readonly roleName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly logRetention?: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
}

/**
 * The function that compares outbox and inboxes every minute, sends again what is missing, and puts the metrics that
 * alarms watch. Which queues it may send to is granted by each subscriber, in its own stack.
 */
export class Reconciler extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    const { table, forwardQueue, encryptionKey } = props;
    super(scope, id, {
      ...props,
      asset: 'reconcile',
      description: 'Waybill: finds what is missing, and sends it again',
      environment: {
        [BINDINGS.ledger]: table.tableName,
        [BINDINGS.shards]: String(props.shards),
        [BINDINGS.forwardQueueUrl]: forwardQueue.queueUrl,
      },
      // A run after a standstill has more to look at. What it does not get through, the next one does.
      timeout: Duration.minutes(5),
      memorySize: props.memorySize ?? 512,
      reservedConcurrentExecutions: (props.reserveConcurrency ?? true) ? 1 : undefined,
    });
    allow(
      this.role,
      [
        'dynamodb:Query',
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
      ],
      table.tableArn,
    );
    allow(this.role, SEND, forwardQueue.queueArn);
    grantKeyUse(encryptionKey, this.role);
    new Observation(this, this.role);
    new EveryMinute(this, 'EveryMinute', {
      function: this.function,
      description: 'Waybill: reconciles the ledger',
      encryptionKey,
    });
  }
}

/**
 * Lets the role ask for event sources, and put metrics: actions that know no resource. It is a policy of its own because
 * cdk-nag finds a wildcard in it, which is acknowledged here with its reason.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
 */
class Observation extends iam.Policy {
  constructor(scope: Construct, role: iam.IRole) {
    const list = new iam.PolicyStatement({ actions: ['lambda:ListEventSourceMappings'], resources: ['*'] });
    const put = new iam.PolicyStatement({
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': METRICS.namespace } },
    });
    super(scope, 'Observation', { roles: [role], statements: [list, put] });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'ListEventSourceMappings and PutMetricData know no resource; metrics are put into one namespace only',
    });
  }
}
