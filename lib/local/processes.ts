import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineStopFailed } from './errors.ts';
import { type ProcessEntry, processEntry, processTable } from './process-table.ts';

/** Whether the process runs. A zombie, which nobody has collected yet, does not. */
export function isAlive(pid: number): boolean {
  return processEntry(pid)?.running ?? false;
}

/** Whether any process of the group runs, zombies aside. On Windows there are no groups: whether the process itself runs. */
export function groupIsAlive(group: number): boolean {
  if (process.platform === 'win32') return isAlive(group);
  return processTable().some((entry) => entry.group === group && entry.running);
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
 * @throws EngineStopFailed when a process of the group survives even that
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

/**
 * Ends a process with everything that it has started, directly or not: SIGTERM, then SIGKILL to what is left once the
 * grace is over.
 */
export async function endProcessTree(pid: number, graceMs: number): Promise<void> {
  if (process.platform === 'win32') {
    endTreeOnWindows(pid);
    return;
  }
  const tree = treeOf(pid, processTable());
  for (const each of tree) signal(each, 'SIGTERM');
  await until(() => !tree.some(isAlive), graceMs);
  for (const each of tree) signal(each, 'SIGKILL');
}

function treeOf(root: number, table: readonly ProcessEntry[]): number[] {
  const children = table.filter((entry) => entry.parent === root);
  return [root, ...children.flatMap((child) => treeOf(child.pid, table))];
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
    // `taskkill` fails when there is nothing left to end; the caller looks whether that is so.
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
