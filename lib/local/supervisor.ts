import type { Launch } from './engines/engine-program.ts';

/**
 * Runs an engine as its child, in a process group of both. When its input ends before it was released, which is when the
 * process that started it has ended, in whatever way, it ends the group and removes the run folder.
 */
const supervisor = `
const { spawn } = require('node:child_process');
const { rmSync } = require('node:fs');
const [, folder, program, ...parameters] = process.argv;
const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
let released = false;
const end = () => {
  if (released) return;
  child.kill('SIGKILL');
  try { rmSync(folder, { recursive: true, force: true }); } catch {}
  if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL');
  process.exit(1);
};
process.stdin.on('data', (data) => { released ||= data.includes('release'); }).on('end', end).on('error', end);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => { console.error(error.message); process.exit(1); });
child.on('exit', (code) => process.exit(code ?? 1));
`;

/** The command by which an engine that does not watch its own input ends with the process that starts it. */
export function supervised({ program, parameters }: Launch, runFolder: string): Pick<Launch, 'program' | 'parameters'> {
  return { program: process.execPath, parameters: ['-e', supervisor, '--', runFolder, program, ...parameters] };
}
