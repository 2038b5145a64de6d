import { processTable } from '../lib/local/process-table.ts';
import { commandLine } from '../lib/local/processes.ts';

/**
 * The processes in which the engine runs a function: each is started in a folder that is named after it.
 *
 * @param engine the engine's process, whose children they are
 */
export function workersOf(engine: number, functionName: string, end = '-'): number[] {
  const children = processTable().filter(({ parent, running }) => parent === engine && running);
  return children
    .map(({ pid }) => pid)
    .filter((pid) => commandLine(pid)?.includes(`ministack-lambda-${functionName}${end}`));
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
