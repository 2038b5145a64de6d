export { type Alarm, type AlarmClock, alarmsOn } from './alarm.ts';
export {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  type GetScheduleOutput,
  ListSchedulesCommand,
  type PutScheduleInput,
  type SchedulerClient,
  type ScheduleSettings,
  UpdateScheduleCommand,
} from './api.ts';
export { SchedulerEngine, type SchedulerOptions } from './engine.ts';
export type { Firing, SchedulerEvent, SchedulerTargets } from './invocation.ts';
export type { Schedule } from './schedule.ts';
