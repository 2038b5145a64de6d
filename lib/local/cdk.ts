import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { lastLines, runCommand } from './command.ts';
import { DeployFailed } from './errors.ts';
import { compileCacheFolder } from './folders.ts';
import { environmentFor, type Target } from './target.ts';

/** The CDK CLI that deploys here. Its 3.0.0 refuses current versions of aws-cdk-lib. */
export const cdkVersion = '2.1148.1';

export interface CdkRun {
  readonly target: Target;
  /** Where the CLI is installed and, unless `workFolder` says otherwise, runs. */
  readonly cwd: string;
  readonly workFolder?: string;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs the CDK CLI, the real one, found from the app's folder, in a process of its own that cannot prompt.
 * @throws DeployFailed when it fails or is not installed
 */
export async function runCdk(run: CdkRun, ...parameters: string[]): Promise<void> {
  const cli = findCdk(run.cwd);
  const { exitCode, lines } = await runCommand(process.execPath, [cli, ...parameters, '--no-notices', '--no-color'], {
    cwd: run.workFolder ?? run.cwd,
    environment: {
      ...environmentFor(run.target),
      // The app's own command line (`node …`, `npx …`) shall find the programs of this installation, Node first.
      PATH: [dirname(process.execPath), join(dirname(dirname(dirname(cli))), '.bin'), process.env.PATH].join(delimiter),
      // Options of this Node, by `node --conditions` or a test runner, are not meant for the CLI and the app.
      NODE_OPTIONS: '',
      // Three processes load the CLI and the library in each deploy: compiled once, they are loaded a third faster.
      NODE_COMPILE_CACHE: compileCacheFolder(),
      // The library's own validation of templates costs each synthesis about 5 s. An engine refuses what it cannot deploy.
      ...(run.target.kind === 'aws' ? {} : { CDK_VALIDATION: 'false' }),
    },
    onLine: (line) => run.onLine?.(stripVTControlCharacters(line)),
    signal: run.signal,
  });
  if (exitCode === 0) return;
  const said = lastLines(lines.map(stripVTControlCharacters));
  const stopped = run.signal?.aborted ? 'was stopped' : 'failed';
  throw new DeployFailed(`\`cdk ${parameters[0]}\` ${stopped}; it said last:\n${said || '(nothing)'}`);
}

/**
 * The CLI's program, found from a folder, else from Waybill's own.
 * @throws DeployFailed when it is not installed
 */
export function findCdk(cwd: string): string {
  try {
    return createRequire(import.meta.url).resolve('aws-cdk/bin/cdk', { paths: [cwd, import.meta.dirname] });
  } catch (cause) {
    throw new DeployFailed(
      `The CDK CLI is not installed in ${cwd}: install it with \`npm install --save-dev aws-cdk@${cdkVersion}\`.`,
      { cause },
    );
  }
}
