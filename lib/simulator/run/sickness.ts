import type { LostPermission } from '../faults/permission.ts';
import { Killing } from './killing.ts';
import { laterIn, type World } from './world.ts';

/** Switches the event sources of a function off for some time. */
export function switchOff(world: World, actor: string, milliseconds: number): void {
  const { schedule, disabled } = world;
  // Those of a function that was deleted stay off.
  disabled.set(actor, Math.max(disabled.get(actor) ?? 0, schedule.now() + milliseconds));
  laterIn(world, milliseconds, () => {
    // Those of a function that was deleted meanwhile do not come back.
    if ((disabled.get(actor) ?? 0) <= schedule.now()) disabled.delete(actor);
  });
}

/** A queue or a stream takes nothing for some time, whoever sends. */
export function refuse(world: World, to: string, milliseconds: number): void {
  const { refusing, record } = world;
  refusing.add(to);
  record.add({ kind: 'sick', to });
  laterIn(world, milliseconds, () => refusing.delete(to));
}

/** A service outside fails for some time. */
export function fail(world: World, service: string, milliseconds: number): void {
  const { failing } = world;
  failing.add(service);
  laterIn(world, milliseconds, () => failing.delete(service));
}

/** A function may not do something for some time. */
export function forbid(world: World, lost: LostPermission, milliseconds: number): void {
  const { forbidden } = world;
  forbidden.add(lost);
  laterIn(world, milliseconds, () => forbidden.delete(lost));
}

/** The invocations of a function are killed for some time, each `step` positions later than the one before. */
export function kill(
  world: World,
  actor: string,
  { for: milliseconds, step }: { readonly for: number; readonly step: number },
): void {
  const { killing, draw } = world;
  const one = new Killing(draw(`where ${actor} is killed first`, step), step);
  killing.set(actor, one);
  laterIn(world, milliseconds, () => {
    if (killing.get(actor) === one) killing.delete(actor);
  });
}
