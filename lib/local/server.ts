import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from './command.ts';
import { killContainer } from './engines/docker.ts';
import type { EnginePlace, EngineProgram, Launch } from './engines/engine-program.ts';
import type { InstallPlace } from './engines/install-once.ts';
import { EngineStartFailed } from './errors.ts';
import { defaultStateFolder, userCacheFolder } from './folders.ts';
import { answers } from './health.ts';
import { openLog } from './log.ts';
import { assertPortFree, freePort } from './port.ts';
import { commandLine, endProcessGroup, isAlive } from './processes.ts';
import { programEnvironment } from './program-environment.ts';
import type { Report } from './report.ts';
import { supervised } from './supervisor.ts';

export interface ServerOptions {
  /** @default a free one */
  readonly port?: number;
  /** Where engines are kept, each version in a folder of its own. @default `engines` in the per-user cache folder */
  readonly engineFolder?: string;
  /** Where logs and state files are kept. @default `.waybill` in Waybill's own repository, else a per-user cache folder */
  readonly stateFolder?: string;
  /** Where Python, Java, Docker, Maven and npm are looked for. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  /** How long it may take to answer once it is fetched, in milliseconds. @default 120,000 */
  readonly timeoutMs?: number;
  readonly report?: Report;
}

/** An engine's process, as it is written down for other processes to find. */
export interface ServerState {
  /** Stands in the process's command line, so that no other process is taken for it. */
  readonly id: string;
  readonly endpoint: string;
  /** The process and its group: everything that the engine has started is in the group. */
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly logFile: string;
  readonly runFolder: string;
  readonly persist?: string;
  readonly container?: string;
}

/** A server that was started here and ends with this process, however that ends, until it is released. */
export interface StartedServer {
  readonly state: ServerState;
  /** Lets it outlive this process. */
  release(): Promise<void>;
  /** Ends it with every process of it. Ending it twice does nothing. */
  stop(): Promise<void>;
}

/**
 * Starts an engine on the loopback interface and waits until it answers; fetches it first where it is not there.
 * @throws PortTaken when the port that is asked for is not free
 * @throws EngineUnavailable when this machine lacks what it runs on
 * @throws EngineInstallFailed when it could not be fetched
 * @throws EngineStartFailed when it ends or does not answer in time
 */
export async function startServer(engine: EngineProgram, options: ServerOptions = {}): Promise<StartedServer> {
  if (options.port !== undefined) await assertPortFree(options.port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(engine, options);
    } catch (error) {
      // Between the choice of a free port and the engine's listening, somebody else may have taken it.
      const lostPort = error instanceof EngineStartFailed && error.message.includes('already in use');
      if (!lostPort || options.port !== undefined || attempt === 5) throw error;
    }
  }
}

/** Where an engine is kept, and how it is fetched. */
export function installPlaceOf({ name, version }: EngineProgram, options: ServerOptions = {}): InstallPlace {
  const { environment = process.env, report = () => undefined } = options;
  const folder = options.engineFolder ?? join(userCacheFolder(environment), 'engines');
  return { installFolder: join(folder, `${name}-${version}`), environment, report };
}

/** Whether the server's process runs. Process numbers are used again, so its command line must also hold the server's id. */
export function isRunning({ pid, id }: ServerState): boolean {
  return isAlive(pid) && (process.platform === 'win32' || (commandLine(pid)?.includes(id) ?? false));
}

/** Whether the server answers as the engine that was started, and not as another at its port. */
export function answersAs(engine: EngineProgram | undefined, { endpoint, id }: ServerState): Promise<boolean> {
  return engine?.answers?.(endpoint, id) ?? answers(endpoint);
}

/** Ends a server, whoever started it, and removes what it leaves behind. */
export async function stopServer(state: ServerState): Promise<void> {
  // A dead leader may have left workers in its group; a living process that is somebody else's has only its number.
  if (isRunning(state) || !isAlive(state.pid)) await endProcessGroup(state.pid, state.persist ? 30_000 : 5_000);
  if (state.container) await killContainer(state.container);
  rmSync(state.runFolder, { recursive: true, force: true });
}

async function start(engine: EngineProgram, options: ServerOptions): Promise<StartedServer> {
  const id = `waybill-${engine.name}-${randomBytes(6).toString('hex')}`;
  const runFolder = join(tmpdir(), id);
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  let stop = async (): Promise<void> => rmSync(runFolder, { recursive: true, force: true });
  try {
    const [port, secondPort] = await Promise.all([options.port ?? freePort(), freePort()]);
    const place = { ...installPlaceOf(engine, options), id, runFolder, port, secondPort };
    const launch = await engine.prepare(place);
    const logFile = openLog(options.stateFolder ?? defaultStateFolder(place.environment), id);
    place.report(`Starting ${engine.phrase ?? `${engine.title} ${engine.version}`} on port ${port}`);
    const child = spawnServer(launch, place, logFile);
    const state: ServerState = {
      id,
      endpoint: `http://127.0.0.1:${port}`,
      pid: await pidOf(child, launch.program),
      startedAt: new Date().toISOString(),
      logFile,
      runFolder,
      persist: launch.persist,
      container: launch.container,
    };
    stop = () => stopServer(state);
    await untilItAnswers(engine, state, child, options.timeoutMs ?? 120_000);
    const release = () => new Promise<void>((resolve) => child.stdin?.end('release\n', () => resolve()));
    return { state, stop, release };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnServer(launch: Launch, { runFolder, environment }: EnginePlace, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  const { program, parameters } = launch.watchesInput ? launch : supervised(launch, runFolder);
  try {
    const child = spawn(program, parameters, {
      // A session of its own: a group that can be ended whole, and that Ctrl-C in the terminal does not reach.
      detached: true,
      // The input closes when this process ends, in whatever way that may be.
      stdio: ['pipe', log, log],
      cwd: launch.cwd ?? runFolder,
      env: { ...programEnvironment(environment, runFolder), ...launch.environment },
      windowsHide: true,
    });
    // Neither the engine nor the pipe keeps this process from ending.
    child.unref();
    if (child.stdin instanceof Socket) child.stdin.on('error', () => undefined).unref();
    return child;
  } finally {
    closeSync(log);
  }
}

async function pidOf(child: ChildProcess, program: string): Promise<number> {
  if (child.pid !== undefined) return child.pid;
  const [cause] = (await once(child, 'error')) as [Error];
  throw new EngineStartFailed(
    `${program} could not be started (${cause.message}): remove the folder that it is in, then try again.`,
    { cause },
  );
}

async function untilItAnswers(
  engine: EngineProgram,
  state: ServerState,
  child: ChildProcess,
  timeoutMs: number,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await answersAs(engine, state))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (!ended && performance.now() < end) {
      await sleep(50);
      continue;
    }
    const what = ended ? 'ended while it started' : `did not answer within ${timeoutMs / 1000} s`;
    const log = lastLines(readFileSync(state.logFile, 'utf8').split('\n'));
    throw new EngineStartFailed(`${engine.title} ${what}. The end of its log, ${state.logFile}:\n${log || '(empty)'}`);
  }
}
