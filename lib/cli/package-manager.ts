import { runProgram } from '../local/index.ts';
import type { Manager } from './new-app.ts';

/**
 * Installs what the application in a folder depends on.
 *
 * @returns what the manager said last, where it failed
 */
export async function install(
  manager: Manager,
  folder: string,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<string | undefined> {
  const windows = process.platform === 'win32';
  const environment = { ...process.env, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' };
  const quiet = manager === 'npm' ? ['--no-audit', '--no-fund', '--loglevel=error'] : [];
  const [program, ...parameters] = windows
    ? ['cmd.exe', '/d', '/c', manager, 'install', ...quiet]
    : [manager, 'install', ...quiet];
  const { exitCode, said } = await runProgram(program as string, parameters, {
    cwd: folder,
    environment,
    signal,
    onLine,
  });
  return exitCode === 0 ? undefined : said || '(nothing)';
}
