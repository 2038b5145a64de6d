import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../lib/local/lock.ts';

const root = join(import.meta.dirname, '..');

/**
 * Synthesizes a CDK app once for all test files of a run, without the CLI.
 *
 * @param app the app's file, by its path in the repository
 * @param context values of the app
 * @returns the folder of its cloud assembly, which nobody changes
 */
export async function assemblyOf(app: string, context: Readonly<Record<string, string>> = {}): Promise<string> {
  const CDK_CONTEXT_JSON = JSON.stringify(context);
  const folder = join(tmpdir(), 'assemblies', hash('sha256', `${app} ${CDK_CONTEXT_JSON}`).slice(0, 16));
  await withLock(`${folder}.lock`, async () => {
    // The app writes it last.
    if (existsSync(join(folder, 'manifest.json'))) return;
    const env = { ...process.env, NODE_OPTIONS: '', CDK_OUTDIR: folder, CDK_CONTEXT_JSON, CDK_VALIDATION: 'false' };
    await promisify(execFile)(process.execPath, ['--conditions=waybill-source', app], { cwd: root, env });
  });
  return folder;
}
