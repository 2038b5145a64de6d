import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processes in which the engine runs a function: each is started in a folder that is named after it.
 *
 * @param engine the engine's process, whose children they are
 */
export function workersOf(engine: number, functionName: string, end = '-'): number[] {
  return processes().flatMap(({ pid, parent, command }) => {
    return parent === engine && command.includes(`ministack-lambda-${functionName}${end}`) ? [pid] : [];
  });
}

/**
 * Ends the processes of a function as a machine does that fails: at once, without a word.
 *
 * @throws Error when there is none
 */
export function killWorkers(engine: number, functionName: string): void {
  const pids = workersOf(engine, functionName);
  if (pids.length === 0) throw new Error(`No process of ${functionName} runs`);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): Process[] {
  if (process.platform === 'linux') return readdirSync('/proc').flatMap((name) => fromProc(name) ?? []);
  const list = execFileSync('ps', ['-axww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return list.split('\n').flatMap((line) => {
    const [, pid, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
  });
}

function fromProc(name: string): Process | undefined {
  if (!/^\d+$/.test(name)) return undefined;
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
    // pid (name) state parent …, where the name may hold spaces and brackets.
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(name), parent: Number(parent), command };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
