import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lastLines, runCommand } from './command.ts';
import { EngineInstallFailed } from './errors.ts';
import { defaultInstallFolder } from './folders.ts';
import { withLock } from './lock.ts';
import { findPython } from './python.ts';
import type { Report } from './report.ts';

/** The engine: MiniStack from PyPI, https://pypi.org/project/ministack/. */
export const engineVersion = '1.5.33';

const packageName = 'ministack';

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
 * @throws {PythonMissing | PythonIncomplete | EngineInstallFailed}
 */
export async function installEngine(options: InstallOptions = {}): Promise<string> {
  const folder = options.folder ?? defaultInstallFolder(engineVersion);
  if (isInstalled(folder)) return pythonOf(folder);
  const python = await findPython(options.environment);
  return withLock(
    join(dirname(folder), '.waybill', 'install.lock'),
    async () => {
      if (!isInstalled(folder)) await install(folder, python, options);
      return pythonOf(folder);
    },
    () => options.report?.('Another process installs the embedded engine; waiting for it'),
  );
}

/** Whether the pinned engine is installed, whole: the stamp is written last. Only looks at files, so it takes no time. */
export function isInstalled(folder: string): boolean {
  return readStamp(folder) === engineVersion && existsSync(pythonOf(folder)) && packageIsThere(folder);
}

async function install(folder: string, python: string, options: InstallOptions): Promise<void> {
  options.report?.(`Installing the embedded engine (${packageName} ${engineVersion}) into ${folder}`);
  rmSync(stampOf(folder), { force: true });
  const environment = options.environment ?? process.env;
  const run = async (program: string, ...parameters: string[]): Promise<readonly string[] | undefined> => {
    const { exitCode, lines } = await runCommand(program, parameters, { environment });
    return exitCode === 0 ? undefined : lines;
  };
  const attempt = async (): Promise<readonly string[] | undefined> => {
    const pip = ['-m', 'pip'];
    const usable = existsSync(pythonOf(folder)) && !(await run(pythonOf(folder), ...pip, '--version'));
    return (
      (usable ? undefined : await run(python, '-m', 'venv', '--clear', folder)) ??
      (await run(pythonOf(folder), ...pip, 'install', '--no-input', '--quiet', `${packageName}==${engineVersion}`)) ??
      (await run(pythonOf(folder), '-c', `import ${packageName}.app`))
    );
  };
  let failure = await attempt();
  if (failure && existsSync(folder)) {
    // What an interrupted installation left may be what failed: once more, from nothing.
    rmSync(folder, { recursive: true, force: true });
    failure = await attempt();
  }
  if (failure) {
    throw new EngineInstallFailed(
      `The embedded engine (${packageName} ${engineVersion}) could not be installed into ${folder}; ` +
        `check that pip reaches its package index, then try again. It said:\n${lastLines(failure)}`,
    );
  }
  writeFileSync(stampOf(folder), `${JSON.stringify({ engine: engineVersion })}\n`);
}

function pythonOf(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

function stampOf(folder: string): string {
  return join(folder, '.waybill.json');
}

function readStamp(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(stampOf(folder), 'utf8')) as { engine?: string }).engine;
  } catch {
    return undefined;
  }
}

function packageIsThere(folder: string): boolean {
  const information = `${packageName}-${engineVersion}.dist-info`;
  if (process.platform === 'win32') return existsSync(join(folder, 'Lib', 'site-packages', information));
  const libraries = join(folder, 'lib');
  return (
    existsSync(libraries) &&
    readdirSync(libraries).some((python) => existsSync(join(libraries, python, 'site-packages', information)))
  );
}
