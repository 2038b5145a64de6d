import { existsSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { EngineUnavailable } from '../errors.ts';
import type { EnginePlace } from './independent-engine.ts';
import { installOnce, installStep } from './install-once.ts';

/**
 * A Python of exactly this version, e.g. `3.13`: as `python3.13`, `python3` or `python` on the PATH, or one that pyenv has.
 * @param engine what needs it, for the error
 * @throws {EngineUnavailable}
 */
export async function findPython(version: string, engine: string, environment: NodeJS.ProcessEnv): Promise<string> {
  for (const program of [`python${version}`, 'python3', 'python', ...pyenvPythons(version, environment)]) {
    const probe = ['-c', 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])'];
    const { exitCode, lines } = await runCommand(program, probe, { environment, timeoutMs: 20_000 });
    if (exitCode === 0 && lines.at(-1) === version) return program;
  }
  throw new EngineUnavailable(
    `${engine} needs Python ${version} with its venv, as python${version} on the PATH or from pyenv: install it from https://www.python.org.`,
  );
}

/**
 * Installs packages into a virtual environment, and answers with its Python.
 * @param packages every one with its version: nothing is resolved
 * @param module one that must then be found
 */
export async function fetchPythonPackages(
  python: string,
  packages: readonly string[],
  module: string,
  place: EnginePlace,
): Promise<string> {
  const { environment } = place;
  const folder = join(place.installFolder, 'venv');
  const own = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
  const [top = module] = module.split('.');
  const id = packages.find((one) => one.startsWith(top)) ?? module;
  await installOnce(id, place, async () => {
    rmSync(folder, { recursive: true, force: true });
    const step = (program: string, ...parameters: string[]) => installStep(id, program, parameters, { environment });
    await step(python, '-m', 'venv', folder);
    await step(own, '-m', 'pip', 'install', '--no-input', '--quiet', '--no-deps', ...packages);
    await step(own, '-c', `import importlib.util, sys; sys.exit(importlib.util.find_spec("${top}") is None)`);
  });
  return own;
}

function pyenvPythons(version: string, environment: NodeJS.ProcessEnv): string[] {
  const folder = join(environment.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name === version || name.startsWith(`${version}.`))
    .map((name) => join(folder, name, 'bin', 'python3'));
}
