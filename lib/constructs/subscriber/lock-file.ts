import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** In the order in which `NodejsFunction` prefers them. */
const LOCK_FILES = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb', 'package-lock.json'];

/**
 * The lock file of the project that a file belongs to: the nearest one above it. `NodejsFunction` would search from the
 * working directory, which need not be the project's, and refuse where two lie side by side. A project without one gives
 * its package.json, which does as well: the file marks the project's root and names the package manager, npm by default.
 */
export function findLockFile(file: string): string | undefined {
  return findUp(file, LOCK_FILES) ?? findUp(file, ['package.json']);
}

function findUp(file: string, names: readonly string[]): string | undefined {
  for (let folder = dirname(resolve(file)); ; folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found) return found;
    if (folder === dirname(folder)) return undefined;
  }
}
