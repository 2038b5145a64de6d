import type { VirtualClock } from '../../virtual-clock.ts';

/** A moment that was asked for, until `cancelled` is set. */
export interface Alarm {
  cancelled: boolean;
}

/** Runs something after some milliseconds, unless it is cancelled before. */
export type AlarmClock = (milliseconds: number, run: () => void) => Alarm;

/** The alarms of a virtual clock. They let no time pass by themselves: they go off as others do. */
export function alarmsOn({ sleep }: Pick<VirtualClock, 'sleep'>): AlarmClock {
  return (milliseconds, run) => {
    const alarm = { cancelled: false };
    // A sleep that can be aborted only watches the time.
    void sleep(milliseconds, new AbortController().signal).then(() => {
      if (!alarm.cancelled) run();
    });
    return alarm;
  };
}
