import { ArnFormat, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { grantSendKey } from '../aws/encryption.ts';
import { allow, SEND } from '../aws/grants.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';
import { DeadLetterQueue } from '../aws/work-queue.ts';
import { SchedulerRole } from './every-minute.ts';
import type { LedgerParts } from './framework-function.ts';

export interface MessageSchedulesProps {
  /** Schedules put their messages into the ledger's forward queue. */
  readonly ledger: LedgerParts;
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The group of the schedules of delayed messages, the role that schedules send by, and the queue for what schedules
 * could not send. The schedules themselves are made by what delays a message, and delete themselves.
 */
export class MessageSchedules extends Construct {
  readonly deadLetterQueue: sqs.Queue;
  /** The variables of a function that makes schedules. */
  readonly variables: Readonly<Record<string, string>>;
  readonly #role: SchedulerRole;
  readonly #group: CfnScheduleGroup;

  constructor(scope: Construct, id: string, props: MessageSchedulesProps) {
    super(scope, id);
    const { forwardQueue, encryptionKey } = props.ledger;
    this.deadLetterQueue = new DeadLetterQueue(this, 'DeadLetterQueue', encryptionKey);
    // CDK's own group has a fixed name, which one that was kept would still have when the stack is made again.
    this.#group = new CfnScheduleGroup(this, 'Group');
    this.#group.applyRemovalPolicy(props.removalPolicy);
    this.#role = new SchedulerRole(this, 'Role');
    allow(this.#role, SEND, forwardQueue.queueArn);
    allow(this.#role, SEND, this.deadLetterQueue.queueArn);
    grantSendKey(encryptionKey, this.#role);
    this.variables = {
      [BINDINGS.scheduleGroup]: this.#group.ref,
      [BINDINGS.forwardQueueArn]: forwardQueue.queueArn,
      [BINDINGS.scheduleRoleArn]: this.#role.roleArn,
      [BINDINGS.scheduleDeadLetterQueueArn]: this.deadLetterQueue.queueArn,
    };
  }

  /**
   * Lets a role make schedules of the group, and nothing be done by them but what the schedules' role may do.
   *
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_service-with-iam.html
   */
  grantCreate(scope: Construct, role: iam.IRole): void {
    const schedules = Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${this.#group.ref}/*`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    const create = new iam.PolicyStatement({ actions: ['scheduler:CreateSchedule'], resources: [schedules] });
    const pass = new iam.PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [this.#role.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    });
    const reason = 'Each delayed message has a schedule of its own in the group, named after its id';
    new WildcardPolicy(scope, 'MaySchedule', role, [create, pass], reason);
  }
}
