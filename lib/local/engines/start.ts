import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from '../command.ts';
import { EngineStartFailed } from '../errors.ts';
import { defaultStateFolder, userCacheFolder } from '../folders.ts';
import { answers } from '../health.ts';
import { region } from '../launch.ts';
import { openLog } from '../log.ts';
import { freePort } from '../port.ts';
import { endProcessGroup } from '../processes.ts';
import type { Report } from '../report.ts';
import type { IndependentEngine, RunningEngine } from './independent-engine.ts';
import { spawnServer } from './server-process.ts';

export interface StartOptions {
  /** Where engines are kept, each version in a folder of its own. @default `engines` in the per-user cache folder */
  readonly engineFolder?: string;
  /** Where logs are kept. @default as for the embedded engine */
  readonly stateFolder?: string;
  /** Where Java, Python, Maven and npm are looked for. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  /** How long it may take to answer, once it is fetched. @default 120,000 */
  readonly timeoutMs?: number;
  readonly report?: Report;
}

/**
 * Fetches an engine where it is not there, so that it starts at once later.
 * @throws {EngineUnavailable | EngineInstallFailed}
 */
export async function fetchIndependentEngine(engine: IndependentEngine, options: StartOptions = {}): Promise<void> {
  const runFolder = mkdtempSync(join(tmpdir(), `waybill-fetch-${engine.name}-`));
  try {
    // The ports of a launch that is not made.
    await engine.prepare({ ...placeOf(engine, options), runFolder, port: 0, secondPort: 0 });
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}

/**
 * Starts an engine on the loopback interface and a free port, and waits until it answers; fetches it first where it is not
 * there. It ends with this process.
 * @throws {EngineUnavailable | EngineInstallFailed | EngineStartFailed}
 */
export async function startIndependentEngine(
  engine: IndependentEngine,
  options: StartOptions = {},
): Promise<RunningEngine> {
  const { timeoutMs = 120_000 } = options;
  const place = placeOf(engine, options);
  const { environment, report } = place;
  const id = `waybill-${engine.name}-${randomBytes(6).toString('hex')}`;
  const runFolder = join(tmpdir(), id);
  mkdirSync(runFolder, { mode: 0o700 });
  let stop = async (): Promise<void> => rmSync(runFolder, { recursive: true, force: true });
  try {
    const [port, secondPort] = await Promise.all([freePort(), freePort()]);
    const launch = await engine.prepare({ ...place, runFolder, port, secondPort });
    const logFile = openLog(options.stateFolder ?? defaultStateFolder(environment), id);
    report(`Starting ${engine.title} ${engine.version} on port ${port}`);
    const server = spawnServer(launch, { runFolder, logFile, environment });
    stop = async () => {
      await endProcessGroup(server.pid, 5000);
      rmSync(runFolder, { recursive: true, force: true });
    };
    const endpoint = `http://127.0.0.1:${port}`;
    const end = performance.now() + timeoutMs;
    while (!(await answers(`${endpoint}${launch.readyPath ?? '/'}`))) {
      if (!server.hasEnded() && performance.now() < end) await sleep(100);
      else throw startFailure(engine, server.hasEnded(), timeoutMs, logFile);
    }
    return { name: engine.name, version: engine.version, endpoint, region, pid: server.pid, logFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where an engine is kept, and how it is fetched. */
function placeOf(engine: IndependentEngine, options: StartOptions) {
  const { environment = process.env, report = () => undefined } = options;
  const folder = options.engineFolder ?? join(userCacheFolder(environment), 'engines');
  const installFolder = join(folder, `${engine.name}-${engine.version}`);
  mkdirSync(installFolder, { recursive: true });
  return { installFolder, environment, report };
}

function startFailure(
  engine: IndependentEngine,
  ended: boolean,
  timeoutMs: number,
  logFile: string,
): EngineStartFailed {
  const what = ended ? 'ended while it started' : `did not answer within ${timeoutMs / 1000} s`;
  const log = lastLines(readFileSync(logFile, 'utf8').split('\n'));
  return new EngineStartFailed(`${engine.title} ${what}. The end of its log, ${logFile}:\n${log || '(empty)'}`);
}
