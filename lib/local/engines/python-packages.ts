import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type InstallPlace, installOnce, installStep, type Stamp } from './install-once.ts';

export interface PythonPackages {
  /** Names the packages, with their version. */
  readonly what: string;
  readonly packages: readonly string[];
  /** Whether every package that is needed is named, with its version. @default false */
  readonly complete?: boolean;
  /** A module that can be imported then. */
  readonly module: string;
  /** The virtual environment. @default `venv` in the folder of the installation */
  readonly folder?: string;
  readonly stamp?: Stamp;
  /** The beginning of the error when they could not be installed. @default that `what` could not be fetched */
  readonly failure?: string;
}

/**
 * Installs packages into a virtual environment unless they are there, and answers with its Python.
 * @throws EngineInstallFailed when pip fails
 */
export async function installPythonPackages(
  python: string,
  wanted: PythonPackages,
  place: InstallPlace,
): Promise<string> {
  const {
    what,
    packages,
    folder = join(place.installFolder, 'venv'),
    failure = `${what} could not be fetched`,
  } = wanted;
  const own = pythonIn(folder);
  const install = async () => {
    rmSync(folder, { recursive: true, force: true });
    const step = (program: string, ...parameters: string[]) => installStep(failure, program, parameters, place);
    await step(python, '-m', 'venv', folder);
    await step(
      own,
      '-m',
      'pip',
      'install',
      '--no-input',
      '--quiet',
      ...(wanted.complete ? ['--no-deps'] : []),
      ...packages,
    );
    await step(own, '-c', `import ${wanted.module}`);
  };
  await installOnce(what, place, install, wanted.stamp);
  return own;
}

/** The Python of a virtual environment. */
export function pythonIn(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}
