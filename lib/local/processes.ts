import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineStopFailed } from './errors.ts';

/** Whether the process runs. A zombie, which nobody has collected yet, does not. */
export function isAlive(pid: number): boolean {
  const stat = processStat(pid);
  if (stat) return stat.running;
  return process.platform !== 'linux' && canSignal(pid);
}

/** Whether any process of the group runs, zombies aside. On Windows there are no groups: whether the process itself runs. */
export function groupIsAlive(group: number): boolean {
  if (process.platform === 'win32') return isAlive(group);
  if (process.platform !== 'linux') return canSignal(-group);
  return readdirSync('/proc').some((name) => {
    const stat = /^\d+$/.test(name) ? processStat(Number(name)) : undefined;
    return stat?.running === true && stat.group === group;
  });
}

/** The command line of a process, or undefined when it cannot be read. */
export function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

/**
 * Ends a process and everything in its group: SIGTERM to the process, SIGKILL to the group once the process has ended or
 * the grace is over.
 * @throws {EngineStopFailed} when a process of the group survives even that.
 */
export async function endProcessGroup(pid: number, graceMs: number): Promise<void> {
  signal(pid, 'SIGTERM');
  await until(() => !isAlive(pid), graceMs);
  if (process.platform === 'win32') endTreeOnWindows(pid);
  else signal(-pid, 'SIGKILL');
  if (!(await until(() => !groupIsAlive(pid), 5000))) {
    throw new EngineStopFailed(
      `Process group ${pid} outlived SIGKILL: look at it with \`ps -o pid,stat,args -g ${pid}\`.`,
    );
  }
}

function processStat(pid: number): { running: boolean; group: number } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // pid (name) state parent group …, where the name may hold spaces and brackets.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { running: state !== 'Z' && state !== 'X', group: Number(group) };
  } catch {
    return undefined;
  }
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function endTreeOnWindows(pid: number): void {
  try {
    execFileSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
  } catch {
    // It fails when there is nothing left to end; the caller looks whether that is so.
  }
}

async function until(condition: () => boolean, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() >= end) return false;
    await sleep(20);
  }
  return true;
}
