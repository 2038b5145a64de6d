import type { CreateScheduleCommandInput, FlexibleTimeWindow, Target } from '@aws-sdk/client-scheduler';

/** Which schedule, in the group `default` where it names none. */
export interface ScheduleName extends Pick<CreateScheduleCommandInput, 'GroupName'> {
  readonly Name: string;
}

/** The settings of CreateSchedule and UpdateSchedule. The SDK's own type leaves out nothing, but says so of no member. */
export interface ScheduleSettings extends Omit<CreateScheduleCommandInput, 'Name' | 'GroupName' | 'ClientToken'> {
  readonly ScheduleExpression: string;
  readonly FlexibleTimeWindow: FlexibleTimeWindow;
  readonly Target: Target & { readonly Arn: string };
}

/** The input of CreateSchedule and UpdateSchedule. */
export type PutScheduleInput = ScheduleName & ScheduleSettings & Pick<CreateScheduleCommandInput, 'ClientToken'>;
