import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the engine's state lives (state file, logs): `WAYBILL_STATE_FOLDER`, or `.waybill` in Waybill's own repository, or
 * a per-user folder.
 */
export function defaultStateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.WAYBILL_STATE_FOLDER) return resolve(environment.WAYBILL_STATE_FOLDER);
  return ownFolder(environment);
}

/**
 * Where the engine is installed: `WAYBILL_ENGINE_FOLDER`, or `.venv` in Waybill's own repository, or a per-user folder, one
 * a version.
 */
export function defaultInstallFolder(version: string, environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.WAYBILL_ENGINE_FOLDER) return resolve(environment.WAYBILL_ENGINE_FOLDER);
  const repository = repositoryRoot();
  return repository ? join(repository, '.venv') : join(userCacheFolder(), `ministack-${version}`);
}

/** Where Node keeps compiled modules for the next start: the same for all engines and states, so that none starts cold. */
export function compileCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.NODE_COMPILE_CACHE) return environment.NODE_COMPILE_CACHE;
  return join(ownFolder(environment), 'compile-cache');
}

/** The root of Waybill's own repository when this code runs inside it, not from an installed package. */
export function repositoryRoot(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string };
      return name === 'waybill' && existsSync(join(folder, 'lib')) ? folder : undefined;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** `$XDG_CACHE_HOME/waybill`, or the platform's own place for caches. */
export function userCacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'waybill');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'waybill');
  if (platform === 'win32' && environment.LOCALAPPDATA) return join(environment.LOCALAPPDATA, 'waybill');
  return join(homedir(), '.cache', 'waybill');
}

function ownFolder(environment: NodeJS.ProcessEnv): string {
  const repository = repositoryRoot();
  return repository ? join(repository, '.waybill') : userCacheFolder(environment);
}
