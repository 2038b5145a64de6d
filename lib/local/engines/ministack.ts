import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IDENTITY, REGION } from '../endpoint.ts';
import { PythonIncomplete, PythonMissing } from '../errors.ts';
import { engineIdAt } from '../health.ts';
import { engineVersion, installEngine } from '../install.ts';
import { containerParameters, dockerAnswers } from './docker.ts';
import type { EnginePlace, EngineProgram, Launch } from './engine-program.ts';

export interface MiniStackOptions {
  /** Whether the engine enforces roles and policies. @default false */
  readonly auth?: boolean;
  /** A folder in which the engine saves its state when it is stopped, and finds it when it starts. @default nothing is saved */
  readonly persist?: string;
  /** Further settings of MiniStack. Lambda workers inherit them. */
  readonly env?: Readonly<Record<string, string>>;
  /** The virtual environment of the engine. @default `.venv` in Waybill's own repository, else in a per-user cache folder */
  readonly installFolder?: string;
}

/**
 * MiniStack, the embedded engine: Python and the package where they can be had, else the same engine's image where Docker
 * answers. In place of EngineUnavailable its `prepare` throws PythonMissing or PythonIncomplete.
 */
export function ministack({ persist, ...others }: MiniStackOptions = {}): EngineProgram {
  const options = { ...others, persist: persist && resolve(persist) };
  return {
    name: 'engine',
    title: 'The embedded engine',
    phrase: 'the embedded engine',
    version: engineVersion,
    answers: async (endpoint, id) => (await engineIdAt(endpoint)) === id,
    async prepare(place) {
      const { environment, report } = place;
      try {
        return inPython(await installEngine({ folder: options.installFolder, environment, report }), options, place);
      } catch (error) {
        const withoutPython = error instanceof PythonMissing || error instanceof PythonIncomplete;
        if (!withoutPython || !(await dockerAnswers(environment))) throw error;
        report('No usable Python here; running the embedded engine in Docker');
        return inDocker(options, place);
      }
    },
  };
}

/**
 * Python runs this in place of `python -m ministack`: the engine ends when its standard input does, unless it was released
 * before, and takes with it every Lambda worker (its children, in its group) and its temporary files.
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

function inPython(python: string, options: MiniStackOptions, place: EnginePlace): Launch {
  const { runFolder } = place;
  const file = join(runFolder, 'engine.py');
  writeFileSync(file, program);
  const environment = { ...settingsOf(options, place), WAYBILL_RUN_FOLDER: runFolder, ...options.env };
  return { program: python, parameters: [file], environment, watchesInput: true, persist: options.persist };
}

function inDocker(options: MiniStackOptions, place: EnginePlace): Launch {
  const { id, port, environment } = place;
  const { persist } = options;
  const settings = { ...settingsOf(options, place), ...options.env };
  const parameters = containerParameters({ name: id, port, persist, settings, program });
  return { program: 'docker', parameters, environment, watchesInput: true, container: id, persist };
}

function settingsOf({ auth, persist }: MiniStackOptions, { id, port }: EnginePlace): Record<string, string> {
  return {
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_REGION: REGION,
    // The health page repeats it: that is how an engine is known for the one that was started.
    MINISTACK_EDITION: id,
    LAMBDA_EXECUTOR: 'local',
    LOG_LEVEL: process.env.WAYBILL_DEBUG ? 'INFO' : 'WARNING',
    ...IDENTITY,
    // As in Lambda.
    TZ: 'UTC',
    // The engine's own bootstrap of a Lambda worker uses what Node deprecates, and the warning would be every log's first line.
    NODE_OPTIONS: '--disable-warning=DEP0169',
    PYTHONUNBUFFERED: '1',
    ...(auth && { AUTH: 'true' }),
    ...(persist && { PERSIST_STATE: '1', STATE_DIR: persist, S3_PERSIST: '1', S3_DATA_DIR: join(persist, 's3') }),
  };
}
