import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { EngineStartFailed } from '../errors.ts';
import type { ServerLaunch } from './independent-engine.ts';

/**
 * Runs the server as its child, in a process group of both. When its input ends, which is when the process that started it
 * has ended, in whatever way, it ends the group and removes the run folder.
 */
const supervisor = `
const { spawn } = require('node:child_process');
const { rmSync } = require('node:fs');
const [, folder, program, ...parameters] = process.argv;
const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
const end = () => {
  child.kill('SIGKILL');
  try { rmSync(folder, { recursive: true, force: true }); } catch {}
  if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL');
  process.exit(1);
};
process.stdin.on('end', end).on('error', end).resume();
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => { console.error(error.message); process.exit(1); });
child.on('exit', (code) => process.exit(code ?? 1));
`;

export interface ServerProcess {
  /** Also the number of its process group. */
  readonly pid: number;
  hasEnded(): boolean;
}

/** Starts a server whose output goes to a log file. It ends with this process. */
export function spawnServer(
  launch: ServerLaunch,
  { runFolder, logFile, environment }: { runFolder: string; logFile: string; environment: NodeJS.ProcessEnv },
): ServerProcess {
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(process.execPath, ['-e', supervisor, '--', runFolder, launch.program, ...launch.parameters], {
      detached: true,
      stdio: ['pipe', log, log],
      cwd: launch.cwd ?? runFolder,
      env: { ...cleanEnvironment(environment, runFolder), ...launch.environment },
      windowsHide: true,
    });
    unref(child);
    if (child.pid === undefined) throw new EngineStartFailed(`${process.execPath} could not be started.`);
    return { pid: child.pid, hasEnded: () => child.exitCode !== null || child.signalCode !== null };
  } finally {
    closeSync(log);
  }
}

function unref(child: ChildProcess): void {
  child.unref();
  child.on('error', () => undefined);
  if (child.stdin instanceof Socket) child.stdin.on('error', () => undefined).unref();
}

/** What a program needs to run, and nothing of the user's credentials and settings. */
function cleanEnvironment(environment: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  const kept = ['PATH', 'LANG', 'LC_ALL', 'JAVA_HOME', 'LD_LIBRARY_PATH', 'SystemRoot', 'ComSpec', 'PATHEXT', 'WINDIR'];
  return {
    ...Object.fromEntries(kept.map((name) => [name, environment[name]])),
    HOME: home,
    USERPROFILE: home,
    TMPDIR: home,
    TEMP: home,
    TZ: 'UTC',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
}
