import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * The files of a CDK app: those that its program imports, its packages aside, and cdk.json. Handlers are none of them: stacks
 * name their files, and import nothing of them.
 *
 * @param app the command that synthesizes the app. @default what cdk.json says
 */
export async function appInputs(cwd: string, app: string | undefined): Promise<ReadonlySet<string>> {
  const settings = join(cwd, 'cdk.json');
  const own = existsSync(settings) ? [settings] : [];
  const program = programOf(cwd, app ?? commandIn(settings));
  if (program === undefined) return new Set(own);
  const inputs = await importedBy(cwd, program);
  return new Set([...own, program, ...inputs]);
}

function commandIn(settings: string): string {
  try {
    return (JSON.parse(readFileSync(settings, 'utf8')) as { app?: string }).app ?? '';
  } catch {
    return '';
  }
}

/** The first word of the command that is a file of code. */
function programOf(cwd: string, command: string): string | undefined {
  const words = [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, ...quoted]) => quoted.find(Boolean) ?? '');
  return words
    .filter((word) => /\.[cm]?[jt]s$/.test(word))
    .map((word) => resolve(cwd, word))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

async function importedBy(cwd: string, program: string): Promise<readonly string[]> {
  try {
    const { metafile } = await build({
      entryPoints: [program],
      absWorkingDir: cwd,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const files = Object.keys(metafile.inputs).filter((input) => !input.startsWith('<'));
    return files.map((input) => resolve(cwd, input));
  } catch {
    // What does not even parse is told by the synthesis.
    return [];
  }
}
