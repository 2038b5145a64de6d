import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, lastLines, runCommand } from '../command.ts';
import { EngineInstallFailed } from '../errors.ts';
import { withLock } from '../lock.ts';
import type { Report } from '../report.ts';

/** Where something is installed. */
export interface InstallPlace {
  /** Holds it alone. */
  readonly installFolder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly report: Report;
}

/** A file that says that an installation is whole, since it is written last. */
export interface Stamp {
  readonly file: string;
  readonly text: string;
  readonly lockFile: string;
}

/**
 * Installs something into a folder unless it is there whole. Two processes may do so at once; what an interrupted
 * installation left is removed.
 * @param what is installed, at which version
 */
export async function installOnce(
  what: string,
  { installFolder, report }: InstallPlace,
  install: () => Promise<void>,
  stamp: Stamp = { file: join(installFolder, 'installed'), text: what, lockFile: `${installFolder}.lock` },
): Promise<void> {
  if (isStamped(stamp)) return;
  await withLock(
    stamp.lockFile,
    async () => {
      if (isStamped(stamp)) return;
      report(`Installing ${what} into ${installFolder}`);
      mkdirSync(installFolder, { recursive: true });
      rmSync(stamp.file, { force: true });
      await install();
      writeFileSync(stamp.file, stamp.text);
    },
    () => report(`Another process installs ${what}; waiting for it`),
  );
}

/**
 * Runs one command of an installation.
 * @param failure what an error begins with
 * @throws EngineInstallFailed when it fails, with the end of what it printed
 */
export async function installStep(
  failure: string,
  program: string,
  parameters: readonly string[],
  options: CommandOptions,
): Promise<void> {
  const { exitCode, lines } = await runCommand(program, parameters, { timeoutMs: 600_000, ...options });
  if (exitCode !== 0) throw new EngineInstallFailed(`${failure}; ${program} said:\n${lastLines(lines)}`);
}

export function isStamped({ file, text }: Stamp): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}
