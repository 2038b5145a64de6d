import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { endpointEnvironment } from '../engine.ts';
import { EngineInstallFailed, EngineSilent, EngineStartFailed, EngineUnavailable } from '../errors.ts';
import { defaultStateFolder } from '../folders.ts';
import { answers } from '../health.ts';
import { withLock } from '../lock.ts';
import { commandLine, endProcessTree, isAlive } from '../processes.ts';
import type { Report } from '../report.ts';
import { type KeeperLine, type LocalStackState, readLocalStackState, removeLocalStackState } from './state.ts';

/** LocalStack with DynamoDB Local beside it, as several processes share them. */
export interface SharedLocalStack extends LocalStackState {
  /** Whether this process started it. */
  readonly owned: boolean;
  /** What AWS SDKs need in their environment to use it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface LocalStackOptions {
  readonly stateFolder?: string;
  /** Where Java and Python are looked for. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  readonly report?: Report;
}

/** How long both may take to end. */
const GRACE = 15_000;

/**
 * LocalStack and DynamoDB Local, started if they do not run, and fetched first where they are not there. They outlive this
 * process.
 *
 * @throws {EngineUnavailable | EngineInstallFailed | EngineStartFailed}
 * @throws {EngineSilent} when they run but do not answer.
 */
export async function shareLocalStack(options: LocalStackOptions = {}): Promise<SharedLocalStack> {
  const { environment = process.env, report } = options;
  const stateFolder = options.stateFolder ?? defaultStateFolder(environment);
  return withLock(
    join(stateFolder, 'localstack.lock'),
    async () => {
      const running = await findLocalStack(stateFolder);
      return running ?? { ...shared(await start(stateFolder, environment, report)), owned: true };
    },
    () => report?.('Another process starts LocalStack; waiting for it'),
  );
}

/** LocalStack and DynamoDB Local, if they run. @throws {EngineSilent} when they run but do not answer. */
export async function findLocalStack(stateFolder = defaultStateFolder()): Promise<SharedLocalStack | undefined> {
  const state = readLocalStackState(stateFolder);
  if (!state) return undefined;
  if (!isKeeper(state)) {
    removeLocalStackState(stateFolder, state.pid);
    return undefined;
  }
  const alive = await Promise.all([answers(`${state.endpoint}/_localstack/health`), answers(state.dynamodbEndpoint)]);
  if (alive.every(Boolean)) return shared(state);
  throw new EngineSilent(
    `LocalStack or DynamoDB Local (kept by process ${state.pid}) does not answer: end them with \`waybill down\`. ` +
      `Their logs are ${state.logFiles.join(' and ')}.`,
  );
}

/** Ends both, even if they do not answer. Answers with what ran, or undefined when nothing did. */
export async function stopLocalStack(stateFolder = defaultStateFolder()): Promise<LocalStackState | undefined> {
  const state = readLocalStackState(stateFolder);
  if (!state) return undefined;
  const runs = isKeeper(state);
  if (runs) await endProcessTree(state.pid, GRACE);
  removeLocalStackState(stateFolder, state.pid);
  return runs ? state : undefined;
}

function shared(state: LocalStackState): SharedLocalStack {
  const { endpoint, dynamodbEndpoint } = state;
  return {
    ...state,
    owned: false,
    env: {
      ...endpointEnvironment(endpoint),
      AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: dynamodbEndpoint,
    },
  };
}

/** The number may have gone to another process since. */
function isKeeper({ pid }: LocalStackState): boolean {
  return isAlive(pid) && (commandLine(pid)?.includes(keeperFile()) ?? false);
}

function keeperFile(): string {
  const name = import.meta.url.endsWith('.ts') ? './keeper.ts' : './keeper.js';
  return fileURLToPath(new URL(name, import.meta.url));
}

async function start(
  stateFolder: string,
  environment: NodeJS.ProcessEnv,
  report: Report | undefined,
): Promise<LocalStackState> {
  const keeper = spawn(process.execPath, [keeperFile(), stateFolder], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: environment,
    windowsHide: true,
  });
  try {
    return await untilReady(keeper, report);
  } finally {
    keeper.stdin.destroy();
    keeper.stdout.destroy();
    keeper.unref();
  }
}

async function untilReady(
  keeper: ChildProcessByStdio<Writable, Readable, null>,
  report: Report | undefined,
): Promise<LocalStackState> {
  const ended = once(keeper, 'exit');
  for await (const text of createInterface({ input: keeper.stdout })) {
    const line = JSON.parse(text) as KeeperLine;
    if ('step' in line) report?.(line.step);
    else if ('ready' in line) return line.ready;
    else throw failureOf(line.failed);
  }
  const [exitCode, signal] = (await ended) as [number | null, string | null];
  throw new EngineStartFailed(`The process that starts LocalStack ended with ${signal ?? `code ${exitCode}`}.`);
}

/** The error as the keeper's process threw it. */
function failureOf({ message, code }: { readonly message: string; readonly code?: string }): Error {
  if (code === 'engine-unavailable') return new EngineUnavailable(message);
  if (code === 'engine-install-failed') return new EngineInstallFailed(message);
  return new EngineStartFailed(message);
}
