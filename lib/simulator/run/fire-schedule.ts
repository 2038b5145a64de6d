import { laterIn, type World } from './world.ts';

/** Fires a function's schedule: once, unless a fault is planned for it. */
export function fireSchedule(world: World, actor: string, invoke: () => void): void {
  const fault = world.faults.reach(`${actor}.fire`);
  switch (fault?.kind) {
    case 'schedule-missed':
      break;
    case 'schedule-late':
      laterIn(world, fault.by, invoke);
      break;
    case 'schedule-twice':
      invoke();
      laterIn(world, fault.after, invoke);
      break;
    default:
      invoke();
  }
}
