import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { containerParameters, dockerAnswers } from './docker.ts';
import { PythonIncomplete, PythonMissing } from './errors.ts';
import { repositoryRoot } from './folders.ts';
import { installEngine } from './install.ts';
import type { Report } from './report.ts';

export const region = 'us-east-1';

/** MiniStack knows no secrets; these two only have to be the same on both sides. */
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/** How the engine's process is to be started. */
export interface Launch {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly environment: Record<string, string>;
  /** The container's name when Docker runs it. */
  readonly container?: string;
}

export interface LaunchOptions {
  /** Names this run: it stands in the command line and in the engine's answers, so that no other process is taken for it. */
  readonly id: string;
  readonly port: number;
  /** A folder of this run alone, for the engine's temporary files. It must lie outside any Node package. */
  readonly runFolder: string;
  readonly auth?: boolean;
  readonly persist?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly installFolder?: string;
  /** Where Python and Docker are looked for. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  readonly report?: Report;
}

/**
 * What Python runs in place of `python -m ministack`: the same, but it ends when its standard input does, unless it was
 * released before, and takes with it every Lambda worker (its children, in its group) and its temporary files.
 */
const program = `
import os, runpy, shutil, signal, sys, threading, time

def end():
    if os.environ.get('WAYBILL_RUN_FOLDER'):
        shutil.rmtree(os.environ['WAYBILL_RUN_FOLDER'], ignore_errors=True)
    if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)

def watch():
    try:
        while data := os.read(0, 4096):
            if b'release' in data:
                return
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    end()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Thread(target=watch, daemon=True).start()
sys.argv = ['ministack']
try:
    runpy.run_module('ministack', run_name='__main__', alter_sys=True)
except BaseException as reason:
    if not isinstance(reason, SystemExit):
        print(f'{type(reason).__name__}: {reason}', file=sys.stderr, flush=True)
finally:
    end()
`;

/**
 * Prepares the engine: Python and the package where they can be had, else the same engine's image where Docker answers.
 * @throws {PythonMissing | PythonIncomplete | EngineInstallFailed}
 */
export async function prepareLaunch(options: LaunchOptions): Promise<Launch> {
  const settings = engineSettings(options);
  try {
    const python = await installEngine({
      folder: options.installFolder,
      environment: options.environment,
      report: options.report,
    });
    const file = join(options.runFolder, 'engine.py');
    const temporary = join(options.runFolder, 'tmp');
    mkdirSync(temporary, { recursive: true });
    writeFileSync(file, program);
    return {
      program: python,
      parameters: [file],
      environment: {
        ...machineEnvironment(options.runFolder),
        ...settings,
        TMPDIR: temporary,
        WAYBILL_RUN_FOLDER: options.runFolder,
        ...options.env,
      },
    };
  } catch (error) {
    const withoutPython = error instanceof PythonMissing || error instanceof PythonIncomplete;
    if (!withoutPython || !(await dockerAnswers(options.environment))) throw error;
    options.report?.('No usable Python here; running the embedded engine in Docker');
    return {
      program: 'docker',
      container: options.id,
      parameters: containerParameters({
        name: options.id,
        port: options.port,
        persist: options.persist,
        settings: { ...settings, ...options.env },
        program,
      }),
      environment: definedEntries(options.environment ?? process.env),
    };
  }
}

function engineSettings(options: LaunchOptions): Record<string, string> {
  return {
    GATEWAY_PORT: String(options.port),
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_REGION: region,
    // The health page repeats it: that is how an engine is known for the one that was started.
    MINISTACK_EDITION: options.id,
    LAMBDA_EXECUTOR: 'local',
    LOG_LEVEL: process.env.WAYBILL_DEBUG ? 'INFO' : 'WARNING',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    // As in Lambda.
    TZ: 'UTC',
    // The engine's own bootstrap of a Lambda worker uses what Node deprecates, and the warning would be every log's first line.
    NODE_OPTIONS: '--disable-warning=DEP0169',
    PYTHONUNBUFFERED: '1',
    ...(options.auth ? { AUTH: 'true' } : {}),
    ...(options.persist
      ? { PERSIST_STATE: '1', STATE_DIR: options.persist, S3_PERSIST: '1', S3_DATA_DIR: join(options.persist, 's3') }
      : {}),
  };
}

/**
 * Lambda workers inherit the engine's environment, so it has nothing of this process's but what a program needs to run:
 * no credentials, profiles or settings of the AWS SDK, and a home folder without a `.aws`.
 */
function machineEnvironment(home: string): Record<string, string> {
  const kept = [
    'LD_LIBRARY_PATH',
    'LANG',
    'LC_ALL',
    'SystemRoot',
    'ComSpec',
    'PATHEXT',
    'WINDIR',
    'NUMBER_OF_PROCESSORS',
  ];
  return {
    ...definedEntries(Object.fromEntries(kept.map((name) => [name, process.env[name]]))),
    PATH: [nodeFolder(), process.env.PATH].filter(Boolean).join(delimiter),
    HOME: home,
    USERPROFILE: home,
    TEMP: join(home, 'tmp'),
  };
}

/** The folder of the Node that runs Lambda workers: the newest runtime's, 24, where this process or the repository has it. */
function nodeFolder(): string {
  const own = dirname(process.execPath);
  const repository = repositoryRoot();
  if (Number.parseInt(process.versions.node, 10) >= 24 || !repository) return own;
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const installed = join(repository, 'node_modules', `node-${system}-${process.arch}`, 'bin');
  return existsSync(installed) ? installed : own;
}

function definedEntries(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
