import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, lastLines, runCommand } from '../command.ts';
import { EngineInstallFailed } from '../errors.ts';
import { withLock } from '../lock.ts';
import type { EnginePlace } from './independent-engine.ts';

/**
 * Installs something into an engine's folder unless it is there whole, which a stamp says that is written last. Two
 * processes may do so at once; what an interrupted installation left is removed.
 * @param id what is installed, at which version
 */
export async function installOnce(id: string, place: EnginePlace, install: () => Promise<void>): Promise<void> {
  const { installFolder, report } = place;
  const stamp = join(installFolder, 'installed');
  if (read(stamp) === id) return;
  await withLock(
    `${installFolder}.lock`,
    async () => {
      if (read(stamp) === id) return;
      report(`Fetching ${id} into ${installFolder}`);
      rmSync(stamp, { force: true });
      await install();
      writeFileSync(stamp, id);
    },
    () => report(`Another process fetches ${id}; waiting for it`),
  );
}

/** Runs one command of an installation. @throws {EngineInstallFailed} with the end of what it printed */
export async function installStep(
  id: string,
  program: string,
  parameters: readonly string[],
  options: CommandOptions,
): Promise<void> {
  const { exitCode, lines } = await runCommand(program, parameters, { timeoutMs: 300_000, ...options });
  if (exitCode === 0) return;
  throw new EngineInstallFailed(`${id} could not be fetched; ${program} said:\n${lastLines(lines)}`);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
