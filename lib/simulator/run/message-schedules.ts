// Loaded before a run begins: the run time imports it when it first makes a schedule.
import '@aws-sdk/client-scheduler';
import { SchedulerEngine } from '../../testing/engines/index.ts';
import { SCHEDULER } from '../faults/site.ts';
import type { World } from './world.ts';

/** The group in which messages have schedules of their own. */
export const SCHEDULE_GROUP = 'waybill-messages';

const MINUTE_MS = 60_000;

/** EventBridge Scheduler, which is up to a minute late, and may be later, or fire twice. */
export function messageSchedules({ schedule, engines, faults, draw }: World): SchedulerEngine {
  const engine = new SchedulerEngine({
    now: schedule.now,
    after: (milliseconds, run) => schedule.after(milliseconds, run),
    targets: { sqs: engines.sqs.client() },
    lateness: (firing) => {
      const fault = faults.reach(`${SCHEDULER}.schedule`);
      return draw(`lateness of ${firing.schedule}`, MINUTE_MS) + (fault?.kind === 'schedule-late' ? fault.by : 0);
    },
    invocations: () => (faults.reach(`${SCHEDULER}.fire`)?.kind === 'schedule-twice' ? 2 : 1),
  });
  engine.createGroup(SCHEDULE_GROUP);
  return engine;
}
