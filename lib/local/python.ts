import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { EngineUnavailable, PythonIncomplete, PythonMissing } from './errors.ts';

/** The oldest Python that the embedded engine runs on. */
const oldest = [3, 10] as const;

const probe = `
import importlib.util, json, sys
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({'version': sys.version_info[:3], 'complete': has('venv') and has('ensurepip')}))
`;

interface Probe {
  readonly version: readonly [number, number, number];
  /** Whether it can make a virtual environment. */
  readonly complete: boolean;
}

/**
 * The first of `python3` and `python` on the PATH that is new enough and can make a virtual environment.
 * @throws PythonMissing when none is new enough
 * @throws PythonIncomplete when one is, but without `venv` or `pip`
 */
export async function findPython(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const tooOld: string[] = [];
  let incomplete: string | undefined;
  for (const name of ['python3', 'python']) {
    const found = await look(name, environment);
    if (!found) continue;
    const version = found.version.join('.');
    if (!isNewEnough(found.version)) tooOld.push(`${name} is ${version}`);
    else if (!found.complete) incomplete ??= version;
    else return name;
  }
  if (incomplete) {
    throw new PythonIncomplete(
      `Python ${incomplete} is here without its venv and pip, which install the embedded engine: install them (on Debian ` +
        'and Ubuntu with `apt-get install python3-venv`), start a Docker engine, or set AWS_ENDPOINT_URL to an engine of your own.',
    );
  }
  throw new PythonMissing(
    `The embedded engine needs Python ${oldest.join('.')} or newer as python3 or python on the PATH` +
      `${tooOld.length > 0 ? ` (${tooOld.join(', ')})` : ''}: install it from https://www.python.org, ` +
      'start a Docker engine, or set AWS_ENDPOINT_URL to an engine of your own.',
  );
}

/**
 * A Python of exactly this version, e.g. `3.13`: as `python3.13`, `python3` or `python` on the PATH, or one that pyenv has.
 * @param engine what needs it, for the error
 * @throws EngineUnavailable when there is none
 */
export async function findPythonOf(version: string, engine: string, environment: NodeJS.ProcessEnv): Promise<string> {
  for (const program of [`python${version}`, 'python3', 'python', ...pyenvPythons(version, environment)]) {
    const found = await look(program, environment);
    if (found?.complete && found.version.slice(0, 2).join('.') === version) return program;
  }
  throw new EngineUnavailable(
    `${engine} needs Python ${version} with its venv, as python${version} on the PATH or from pyenv: install it from https://www.python.org.`,
  );
}

async function look(program: string, environment: NodeJS.ProcessEnv): Promise<Probe | undefined> {
  const { exitCode, lines } = await runCommand(program, ['-c', probe], { environment, timeoutMs: 20_000 });
  if (exitCode !== 0) return undefined;
  try {
    return JSON.parse(lines.at(-1) ?? '') as Probe;
  } catch {
    return undefined;
  }
}

function isNewEnough([major, minor]: Probe['version']): boolean {
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

function pyenvPythons(version: string, environment: NodeJS.ProcessEnv): string[] {
  const folder = join(environment.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name === version || name.startsWith(`${version}.`))
    .map((name) => join(folder, name, 'bin', 'python3'));
}
