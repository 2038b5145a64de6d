import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { grantSendKey } from '../aws/encryption.ts';
import { allow, SEND } from '../aws/grants.ts';
import { DeadLetterQueue } from '../aws/work-queue.ts';

export interface EveryMinuteProps {
  readonly function: lambda.Function;
  readonly description: string;
  readonly encryptionKey?: kms.IKey;
  /** What the function is told. @default nothing of its own */
  readonly input?: object;
  /** A second run each minute, beside the first. @default none */
  readonly beside?: { readonly id: string; readonly description: string; readonly input: object };
}

const INTERVAL = Duration.minutes(1);

/**
 * A schedule that runs a function every minute, as a role of its own that may do nothing else. The next run does what a
 * failed one has not done: nothing is retried, and nothing piles up behind a long one.
 */
export class EveryMinute extends Construct {
  constructor(scope: Construct, id: string, props: EveryMinuteProps) {
    super(scope, id);
    const { description, encryptionKey } = props;
    props.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: INTERVAL });
    const deadLetterQueue = new DeadLetterQueue(this, 'DeadLetterQueue', encryptionKey);
    const role = new SchedulerRole(this, 'Role');
    const granted = [
      allow(role, ['lambda:InvokeFunction'], props.function.functionArn),
      allow(role, SEND, deadLetterQueue.queueArn),
      ...grantSendKey(encryptionKey, role),
    ];
    const runs = [{ id: 'Schedule', description, input: props.input }, ...(props.beside ? [props.beside] : [])];
    for (const run of runs) {
      const schedule = new scheduler.Schedule(this, run.id, {
        description: run.description,
        schedule: scheduler.ScheduleExpression.rate(INTERVAL),
        target: new LambdaInvoke(props.function, {
          // CDK would grant every version of the function too.
          role: role.withoutPolicyUpdates(),
          deadLetterQueue,
          retryAttempts: 0,
          maxEventAge: INTERVAL,
          input: run.input && scheduler.ScheduleTargetInput.fromObject(run.input),
        }),
      });
      for (const grant of granted) grant.applyBefore(schedule);
    }
  }
}

/** The role as which EventBridge Scheduler runs schedules of this account. */
export class SchedulerRole extends iam.Role {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
      }),
    });
  }
}
