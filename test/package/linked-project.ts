import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstalledApp } from './installed-app.ts';

/** Of pnpm and of Yarn. */
export const LOCK_FILES = ['pnpm-lock.yaml', 'yarn.lock'];

/**
 * A project with links to what it depends on and no `node_modules/.bin`, with a folder for each lock file. Neither pnpm nor
 * Yarn is there.
 */
export async function linkedProject(app: InstalledApp): Promise<string> {
  const folder = join(app.folder, '..', 'linked');
  await cp(join(import.meta.dirname, 'linked-app'), folder, { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  for (const name of ['aws-cdk-lib', 'constructs', 'waybill', 'zod']) {
    await symlink(join(app.folder, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  for (const lockFile of LOCK_FILES) {
    await mkdir(join(folder, lockFile));
    await writeFile(join(folder, lockFile, lockFile), '');
    await cp(join(folder, 'reserve-stock.ts'), join(folder, lockFile, 'reserve-stock.ts'));
  }
  return folder;
}
