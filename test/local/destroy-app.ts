import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCdk } from '../../lib/local/cdk.ts';
import { appParameters, type DeployOptions } from '../../lib/local/deploy.ts';

/**
 * Destroys the stacks of a CDK app.
 * @throws DeployFailed when the CDK CLI fails
 */
export async function destroyApp(options: DeployOptions): Promise<void> {
  const { target, cwd = process.cwd(), stacks = ['--all'] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'waybill-destroy-'));
  try {
    const app = ['--output', join(folder, 'assembly'), ...appParameters(options)];
    await runCdk({ target, cwd }, 'destroy', ...stacks, '--force', ...app);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
