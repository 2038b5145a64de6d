import { delimiter, dirname } from 'node:path';
import type { InstalledApp } from './installed-app.ts';
import { runCommand } from './run-command.ts';

/** The machine's own Node 20, else one that says that it is. */
export async function olderNode({
  folder,
  env: own,
}: InstalledApp): Promise<{ readonly program: string; readonly args: readonly string[] }> {
  const elsewhere = (own.PATH ?? '').split(delimiter).filter((path) => path !== dirname(process.execPath));
  const env = { ...own, PATH: elsewhere.join(delimiter) };
  const version = await runCommand('node', ['--version'], { cwd: folder, env }).catch(() => '');
  if (version.startsWith('v20.')) {
    const program = await runCommand('node', ['--print', 'process.execPath'], { cwd: folder, env });
    return { program: program.trim(), args: [] };
  }
  const posing = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })";
  return { program: process.execPath, args: ['--import', `data:text/javascript,${encodeURIComponent(posing)}`] };
}
