export { type Alarm, type AlarmClock, alarmsOn } from './alarm.ts';
export { SchedulerEngine, type SchedulerOptions } from './engine.ts';
export type { Firing, SchedulerEvent, SchedulerTargets } from './invocation.ts';
export type { Schedule } from './schedule.ts';
