import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from './command.ts';
import { killContainer } from './docker.ts';
import { EngineStartFailed } from './errors.ts';
import { defaultStateFolder } from './folders.ts';
import { engineIdAt } from './health.ts';
import { credentials, type Launch, prepareLaunch, region } from './launch.ts';
import { openLog } from './log.ts';
import { assertPortFree, freePort } from './port.ts';
import { commandLine, endProcessGroup, isAlive } from './processes.ts';
import type { Report } from './report.ts';
import { type EngineState, removeState } from './state.ts';

export interface EngineOptions {
  /** @default a free one */
  readonly port?: number;
  /** Whether the engine outlives this process. Otherwise it ends with it, however that ends. @default false */
  readonly detached?: boolean;
  /** Whether the engine enforces roles and policies. @default false */
  readonly auth?: boolean;
  /** A folder in which the engine saves its state when it is stopped, and finds it when it starts. @default nothing is saved */
  readonly persist?: string;
  /** Further settings of MiniStack. Lambda workers inherit them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where logs and the state file are kept. @default `.waybill` in Waybill's own repository, else a per-user cache folder */
  readonly stateFolder?: string;
  /** The virtual environment of the engine. @default `.venv` in Waybill's own repository, else in a per-user cache folder */
  readonly installFolder?: string;
  /** Where Python and Docker are looked for. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  /** How long it may take to answer. @default 60,000 */
  readonly timeoutMs?: number;
  readonly report?: Report;
}

/** An embedded engine that runs. */
export interface Engine {
  readonly kind: 'embedded';
  readonly endpoint: string;
  readonly region: string;
  /** The engine's process and process group; its Lambda workers are in the group. */
  readonly pid: number;
  readonly logFile: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Whether this process started it. */
  readonly owned: boolean;
  /** What AWS SDKs and the CDK CLI need in their environment to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it with every process of it. Ending it twice does nothing. */
  stop(): Promise<void>;
}

/** An engine that was started here and ends with this process, until it is released. */
export interface StartedEngine extends Engine {
  /** How it can be found again. */
  readonly state: EngineState;
  /** Lets it outlive this process. */
  release(): Promise<void>;
}

/**
 * Starts an embedded engine of its own on the loopback interface and waits until it answers.
 * @throws {PortTaken | PythonMissing | PythonIncomplete | EngineInstallFailed | EngineStartFailed}
 */
export async function startEngine(options: EngineOptions = {}): Promise<StartedEngine> {
  if (options.port !== undefined) await assertPortFree(options.port);
  for (let attempt = 1; ; attempt++) {
    try {
      const engine = await start(options, options.port ?? (await freePort()));
      if (options.detached) await engine.release();
      return engine;
    } catch (error) {
      // Between the choice of a free port and the engine's listening, somebody else may have taken it.
      const lostPort = error instanceof EngineStartFailed && error.message.includes('already in use');
      if (!lostPort || options.port !== undefined || attempt === 5) throw error;
    }
  }
}

/** The engine that a state describes. */
export function engineOf(state: EngineState, stateFolder: string, owned: boolean): Engine {
  return {
    kind: 'embedded',
    endpoint: state.endpoint,
    region,
    pid: state.pid,
    logFile: state.logFile,
    startedAt: state.startedAt,
    owned,
    env: endpointEnvironment(state.endpoint),
    stop: () => stopEngine(state, stateFolder),
  };
}

/** What AWS SDKs and the CDK CLI need in their environment to use an engine without secrets. */
export function endpointEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    CDK_DISABLE_CLI_TELEMETRY: '1',
  };
}

async function start(options: EngineOptions, port: number): Promise<StartedEngine> {
  const id = `waybill-engine-${randomBytes(6).toString('hex')}`;
  const runFolder = join(tmpdir(), id);
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  let engine: StartedEngine | undefined;
  try {
    const launch = await prepareLaunch({ ...options, id, port, runFolder });
    const stateFolder = options.stateFolder ?? defaultStateFolder();
    const logFile = openLog(stateFolder, id);
    options.report?.(`Starting the embedded engine on port ${port}`);
    const child = spawnEngine(launch, logFile);
    const state: EngineState = {
      id,
      endpoint: `http://127.0.0.1:${port}`,
      pid: await pidOf(child, launch),
      startedAt: new Date().toISOString(),
      logFile,
      runFolder,
      ...(options.persist ? { persist: options.persist } : {}),
      ...(launch.container ? { container: launch.container } : {}),
    };
    engine = { ...engineOf(state, stateFolder, true), state, release: () => release(child) };
    await untilItAnswers(engine, child, options.timeoutMs ?? 60_000);
    return engine;
  } catch (error) {
    if (engine) await engine.stop();
    rmSync(runFolder, { recursive: true, force: true });
    throw error;
  }
}

function spawnEngine(launch: Launch, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(launch.program, launch.parameters, {
      // A session of its own: a group that can be ended whole, and that Ctrl-C in the terminal does not reach.
      detached: true,
      // The engine watches its input, which closes when this process ends, in whatever way that may be.
      stdio: ['pipe', log, log],
      env: launch.environment,
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

function release(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.stdin) child.stdin.end('release\n', () => resolve());
    else resolve();
  });
}

function pidOf(child: ChildProcess, launch: Launch): Promise<number> {
  return new Promise((resolve, reject) => {
    if (child.pid !== undefined) {
      resolve(child.pid);
      return;
    }
    child.once('error', (cause) => {
      const message = `${launch.program} could not be started (${cause.message}): remove the folder that it is in, then try again.`;
      reject(new EngineStartFailed(message, { cause }));
    });
  });
}

async function untilItAnswers(engine: StartedEngine, child: ChildProcess, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  while (!ended() && performance.now() < end) {
    if ((await engineIdAt(engine.endpoint)) === engine.state.id) return;
    await sleep(50);
  }
  const what = ended() ? 'ended while it started' : `did not answer within ${timeoutMs / 1000} s`;
  const log = lastLines(readFileSync(engine.logFile, 'utf8').split('\n'));
  throw new EngineStartFailed(
    `The embedded engine ${what}. The end of its log, ${engine.logFile}:\n${log || '(empty)'}`,
  );
}

/** Ends an engine, whoever started it, and removes what it leaves behind. */
export async function stopEngine(state: EngineState, stateFolder: string): Promise<void> {
  // A dead leader may have left workers in its group; a living process that is somebody else's has only its number.
  if (isRunning(state) || !isAlive(state.pid)) await endProcessGroup(state.pid, state.persist ? 30_000 : 5_000);
  if (state.container) await killContainer(state.container);
  rmSync(state.runFolder, { recursive: true, force: true });
  removeState(stateFolder, state.id);
}

/** Whether the engine's process runs. Process numbers are used again, so its command line must also hold the engine's id. */
export function isRunning(state: EngineState): boolean {
  if (!isAlive(state.pid)) return false;
  return process.platform === 'win32' || (commandLine(state.pid)?.includes(state.id) ?? false);
}
