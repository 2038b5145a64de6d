import { Duration, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BINDINGS, METRICS } from '../contract/index.ts';
import { encryptedQueue, grantKeyUse } from './encryption.ts';
import { FrameworkFunction } from './framework-function.ts';
import { allow, SEND } from './grants.ts';

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
  readonly roleName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly logRetention?: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
}

const INTERVAL = Duration.minutes(1);

/**
 * The function that compares outbox and inboxes every minute, sends again what is missing, and puts the metrics that
 * alarms watch. Which queues it may send to is granted by each subscriber, in its own stack.
 */
export class Reconciler extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    const { table, encryptionKey } = props;
    super(scope, id, {
      ...props,
      asset: 'reconcile',
      description: 'Waybill: finds what is missing, and sends it again',
      environment: { [BINDINGS.ledger]: table.tableName, [BINDINGS.shards]: String(props.shards) },
      // A run after a standstill has more to look at. What it does not get through, the next one does.
      timeout: Duration.minutes(5),
      memorySize: props.memorySize ?? 512,
      reservedConcurrentExecutions: (props.reserveConcurrency ?? true) ? 1 : undefined,
    });
    allow(this.role, ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], table.tableArn);
    grantKeyUse(encryptionKey, this.role);
    new Observation(this, this.role);
    // The next run does what a failed one has not done: nothing is retried, and nothing piles up behind a long one.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: INTERVAL });
    new EveryMinute(this, 'EveryMinute', { function: this.function, encryptionKey });
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

interface EveryMinuteProps {
  readonly function: lambda.Function;
  readonly encryptionKey?: kms.IKey;
}

/** A schedule that runs a function every minute, as a role of its own that may do nothing else. */
class EveryMinute extends Construct {
  constructor(scope: Construct, id: string, props: EveryMinuteProps) {
    super(scope, id);
    const { encryptionKey } = props;
    const deadLetterQueue = new sqs.Queue(this, 'DeadLetterQueue', {
      ...encryptedQueue(encryptionKey),
      retentionPeriod: Duration.days(14),
    });
    Validations.of(deadLetterQueue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue: the schedule sends to it what it could not start',
    });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    const granted = [
      allow(role, ['lambda:InvokeFunction'], props.function.functionArn),
      allow(role, SEND, deadLetterQueue.queueArn),
    ];
    if (encryptionKey) granted.push(allow(role, ['kms:Decrypt', 'kms:GenerateDataKey'], encryptionKey.keyArn));
    const schedule = new scheduler.Schedule(this, 'Schedule', {
      description: 'Waybill: reconciles the ledger',
      schedule: scheduler.ScheduleExpression.rate(INTERVAL),
      target: new LambdaInvoke(props.function, {
        // CDK would grant every version of the function too.
        role: role.withoutPolicyUpdates(),
        deadLetterQueue,
        retryAttempts: 0,
        maxEventAge: INTERVAL,
      }),
    });
    for (const grant of granted) grant.applyBefore(schedule);
  }
}
