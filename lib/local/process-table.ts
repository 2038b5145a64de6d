import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** The process group, by its leader's number. */
  readonly group: number;
  /** False for a zombie, which has ended and has not been collected yet. */
  readonly running: boolean;
}

/** All processes of this machine. Not for Windows. */
export function processTable(): ProcessEntry[] {
  if (process.platform !== 'linux') return listed('-A');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);
}

/** One process, or undefined when there is none by that number. */
export function processEntry(pid: number): ProcessEntry | undefined {
  if (process.platform === 'linux') return statOf(pid);
  if (process.platform !== 'win32') return listed('-p', String(pid))[0];
  return exists(pid) ? { pid, parent: 0, group: pid, running: true } : undefined;
}

/** From /proc, since small Linux images have no `ps`. */
function statOf(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // pid (name) state parent group …, where the name may hold spaces and brackets.
    const [state = '', parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), group: Number(group), running: isRunning(state) };
  } catch {
    return undefined;
  }
}

function listed(...which: string[]): ProcessEntry[] {
  try {
    const columns = ['-o', 'pid=', '-o', 'ppid=', '-o', 'pgid=', '-o', 'state='];
    const lines = execFileSync('ps', [...which, ...columns], { encoding: 'utf8', stdio: 'pipe' })
      .trim()
      .split('\n');
    return lines.map((line) => {
      const [pid, parent, group, state = ''] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), group: Number(group), running: isRunning(state) };
    });
  } catch {
    // `ps` fails when there is no such process.
    return [];
  }
}

function isRunning(state: string): boolean {
  return !/^[ZX]/.test(state);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
