import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isStamped, type Stamp } from './engines/install-once.ts';
import { installPythonPackages, pythonIn } from './engines/python-packages.ts';
import { defaultInstallFolder } from './folders.ts';
import { findPython } from './python.ts';
import type { Report } from './report.ts';

/** The engine: MiniStack from PyPI, https://pypi.org/project/ministack/. */
export const engineVersion = '1.5.33';

export interface InstallOptions {
  /** The virtual environment. @default `.venv` in Waybill's own repository, else in a per-user cache folder. */
  readonly folder?: string;
  /** Where Python is looked for. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  readonly report?: Report;
}

/**
 * Installs the pinned engine into a virtual environment unless it is there, and answers with that environment's Python.
 * Two processes may do it at once; an installation that was interrupted is repaired.
 * @throws PythonMissing when no Python is new enough
 * @throws PythonIncomplete when the Python lacks `venv` or `pip`
 * @throws EngineInstallFailed when pip fails
 */
export async function installEngine(options: InstallOptions = {}): Promise<string> {
  const { folder = defaultInstallFolder(engineVersion), environment = process.env, report = () => undefined } = options;
  if (isInstalled(folder)) return pythonIn(folder);
  const what = `embedded engine (ministack ${engineVersion})`;
  const failure = `The ${what} could not be installed into ${folder}: check that pip reaches its package index, then try again`;
  const packages = [`ministack==${engineVersion}`];
  return installPythonPackages(
    await findPython(environment),
    { what: `the ${what}`, packages, module: 'ministack.app', folder, stamp: stampOf(folder), failure },
    { installFolder: folder, environment, report },
  );
}

/** Whether the pinned engine is installed, whole. Looks at files only, so it takes no time. */
export function isInstalled(folder: string): boolean {
  return isStamped(stampOf(folder)) && existsSync(pythonIn(folder));
}

function stampOf(folder: string): Stamp {
  return {
    file: join(folder, '.waybill.json'),
    text: `${JSON.stringify({ engine: engineVersion })}\n`,
    lockFile: join(dirname(folder), '.waybill', 'install.lock'),
  };
}
