import { processTable } from '../../lib/local/process-table.ts';
import { commandLine } from '../../lib/local/processes.ts';

/** The numbers of the processes that run and have the text in their command line. */
export function processesNaming(text: string): number[] {
  return processTable()
    .filter(({ pid, running }) => running && commandLine(pid)?.includes(text))
    .map(({ pid }) => pid);
}
