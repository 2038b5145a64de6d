import type { SdkCommand } from '../wire.ts';

/** What a schedule invokes. Universal targets and the parameters of other services are not known. */
export interface Target {
  /** Of an SQS queue or a Lambda function. */
  readonly Arn: string;
  readonly RoleArn: string;
  /** What the target gets. @default a notification of the schedule */
  readonly Input?: string;
  /** Of FIFO queues. */
  readonly SqsParameters?: { readonly MessageGroupId?: string };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: RetryPolicy;
}

export interface RetryPolicy {
  /** From 60 to 86,400. @default 86,400 */
  readonly MaximumEventAgeInSeconds?: number;
  /** From 0 to 185. @default 185 */
  readonly MaximumRetryAttempts?: number;
}

/** What CreateSchedule and UpdateSchedule set. */
export interface ScheduleSettings {
  readonly ScheduleExpression: string;
  /** Only UTC. @default UTC */
  readonly ScheduleExpressionTimezone?: string;
  /** Only OFF. */
  readonly FlexibleTimeWindow: { readonly Mode: 'OFF' | 'FLEXIBLE'; readonly MaximumWindowInMinutes?: number };
  readonly Target: Target;
  readonly StartDate?: Date;
  readonly EndDate?: Date;
  /** @default ENABLED */
  readonly State?: ScheduleState;
  /** @default NONE */
  readonly ActionAfterCompletion?: 'NONE' | 'DELETE';
  readonly Description?: string;
}

export type ScheduleState = 'ENABLED' | 'DISABLED';

export interface ScheduleName {
  readonly Name: string;
  /** @default default */
  readonly GroupName?: string;
}

export interface PutScheduleInput extends ScheduleName, ScheduleSettings {
  readonly ClientToken?: string;
}

export interface DeleteScheduleInput extends ScheduleName {
  readonly ClientToken?: string;
}

export interface ListSchedulesInput {
  /** @default all groups */
  readonly GroupName?: string;
  readonly NamePrefix?: string;
  readonly State?: ScheduleState;
  /** From 1 to 100. @default 100 */
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

export interface PutScheduleOutput {
  readonly ScheduleArn: string;
}

export interface GetScheduleOutput extends ScheduleSettings, Required<ScheduleName> {
  readonly Arn: string;
  readonly State: ScheduleState;
  readonly CreationDate: Date;
  readonly LastModificationDate: Date;
}

export interface ScheduleSummary
  extends Pick<GetScheduleOutput, 'Arn' | 'Name' | 'GroupName' | 'State' | 'CreationDate' | 'LastModificationDate'> {
  readonly Target: Pick<Target, 'Arn'>;
}

export interface ListSchedulesOutput {
  readonly Schedules: readonly ScheduleSummary[];
  readonly NextToken?: string;
}

/**
 * A command of EventBridge Scheduler. The SDK's client of the service is not a dependency: these stand in for its
 * commands, by whose names the engine knows the operation, so that those of the SDK do as well.
 */
class SchedulerCommand<Input extends object, Output extends object> implements SdkCommand {
  readonly input: Input;
  /** Never there: says what `send` resolves to. */
  declare readonly output?: Output;

  constructor(input: Input) {
    this.input = input;
  }
}

export class CreateScheduleCommand extends SchedulerCommand<PutScheduleInput, PutScheduleOutput> {}
export class UpdateScheduleCommand extends SchedulerCommand<PutScheduleInput, PutScheduleOutput> {}
export class GetScheduleCommand extends SchedulerCommand<ScheduleName, GetScheduleOutput> {}
export class DeleteScheduleCommand extends SchedulerCommand<DeleteScheduleInput, object> {}
export class ListSchedulesCommand extends SchedulerCommand<ListSchedulesInput, ListSchedulesOutput> {}

/** A client of EventBridge Scheduler. */
export interface SchedulerClient {
  send<Output extends object>(command: SchedulerCommand<object, Output>): Promise<Output>;
  send(command: SdkCommand): Promise<object>;
  destroy(): void;
}
