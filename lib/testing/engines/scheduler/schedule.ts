import type { GetScheduleOutput, ScheduleState, ScheduleSummary } from '@aws-sdk/client-scheduler';
import type { ScheduleName, ScheduleSettings } from './api.ts';
import { type Recurrence, recurrence } from './recurrence.ts';
import { DEFAULT_GROUP } from './schedule-input.ts';

/** A schedule as it stands: an update makes another one. */
export interface Schedule {
  readonly name: string;
  readonly group: string;
  readonly settings: ScheduleSettings;
  readonly recurrence: Recurrence;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** @param created when its name was created, where this is an update */
export function scheduleOf(name: ScheduleName, settings: ScheduleSettings, now: number, created = now): Schedule {
  return {
    name: name.Name,
    group: groupOf(name),
    settings,
    recurrence: recurrence(settings.ScheduleExpression),
    createdAt: created,
    modifiedAt: now,
  };
}

/** Under which name schedules are kept: names are of a group. */
export function keyOf(name: ScheduleName): string {
  return `${groupOf(name)}/${name.Name}`;
}

export function groupOf({ GroupName = DEFAULT_GROUP }: Partial<ScheduleName>): string {
  return GroupName;
}

export function arnOf({ group, name }: Pick<Schedule, 'group' | 'name'>): string {
  return `arn:aws:scheduler:us-east-1:000000000000:schedule/${group}/${name}`;
}

export function stateOf({ settings }: Schedule): ScheduleState {
  return settings.State ?? 'ENABLED';
}

/** The moment after another one at which it is due, in milliseconds since the epoch, if there is one. */
export function dueAfter(
  { settings, recurrence: { once, next }, modifiedAt }: Schedule,
  after: number,
): number | undefined {
  const { StartDate, EndDate } = settings;
  const due = next(StartDate?.getTime() ?? modifiedAt, after);
  if (once || due === undefined || EndDate === undefined) return due;
  return due <= EndDate.getTime() ? due : undefined;
}

export function described(schedule: Schedule): GetScheduleOutput {
  const { settings } = schedule;
  return {
    ActionAfterCompletion: 'NONE',
    ScheduleExpressionTimezone: 'UTC',
    ...structuredClone(settings),
    ...identityOf(schedule),
  };
}

export function summaryOf(schedule: Schedule): ScheduleSummary {
  return { ...identityOf(schedule), Target: { Arn: schedule.settings.Target.Arn } };
}

function identityOf(schedule: Schedule) {
  return {
    Arn: arnOf(schedule),
    Name: schedule.name,
    GroupName: schedule.group,
    State: stateOf(schedule),
    CreationDate: new Date(schedule.createdAt),
    LastModificationDate: new Date(schedule.modifiedAt),
  };
}
