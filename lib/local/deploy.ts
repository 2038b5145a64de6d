import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bootstrap } from './bootstrap.ts';
import { type CdkRun, runCdk } from './cdk.ts';
import type { Report } from './report.ts';
import type { Target } from './target.ts';

/** Stack name → output key → value. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface DeployOptions {
  /** Where to: an engine, or the real AWS. */
  readonly target: Target;
  /**
   * The command that synthesizes the app, or a synthesized cloud assembly's folder, for which context is too late.
   * @default `CDK_APP` of the environment, which the CDK CLI reads too, else what the folder's cdk.json says
   */
  readonly app?: string;
  /** The app's folder. @default the working directory */
  readonly cwd?: string;
  /** Context values of the app. */
  readonly context?: Readonly<Record<string, string>>;
  /** Stacks to deploy, with what they depend on. @default all */
  readonly stacks?: readonly string[];
  /** How many stacks at once, where their dependencies allow it. @default 4 */
  readonly concurrency?: number;
  /** Where the synthesized assembly is put. @default a folder that is removed */
  readonly assembly?: string;
  /** Takes a line a step: synthesis, bootstrap, each stack. */
  readonly report?: Report;
  /** Takes each line of the CDK CLI, resource by resource. */
  readonly detail?: Report;
  /** Ends the CDK CLI. */
  readonly signal?: AbortSignal;
}

/**
 * Deploys a CDK app with the CDK CLI and answers with its outputs. Several at once do not disturb each other.
 * An engine is bootstrapped when it has not been.
 * @throws DeployFailed when the CLI fails, with its last lines
 */
export async function deployApp(given: DeployOptions): Promise<StackOutputs> {
  const options = { ...given, app: given.app ?? process.env.CDK_APP };
  return inOwnFolder(async (folder) => {
    const { target, cwd = process.cwd(), detail, signal: outer } = options;
    const run: CdkRun = { target, cwd, onLine: detail, signal: outer };
    const synthesized = synthesizedAssembly(options, cwd);
    const assembly = synthesized ?? options.assembly ?? join(folder, 'assembly');
    const outputs = join(folder, 'outputs.json');
    if (synthesized) {
      await bootstrap(run);
    } else {
      options.report?.('Synthesizing the app');
      // Synthesis takes about as long as the bootstrap, and neither needs the other.
      await together(
        (signal) => runCdk({ ...run, signal }, 'synth', '--quiet', '--output', assembly, ...appParameters(options)),
        (signal) => bootstrap({ ...run, signal }),
        outer,
      );
    }
    options.report?.('Deploying');
    await runCdk(
      { ...run, onLine: stackProgress(options) },
      'deploy',
      ...(options.stacks ?? ['--all']),
      ...['--app', assembly, '--outputs-file', outputs, '--require-approval', 'never', '--progress', 'events'],
      ...['--concurrency', String(options.concurrency ?? 4)],
      // Without change sets an engine is done a second sooner; the real AWS shows its users what changes.
      ...(target.kind === 'aws' ? [] : ['--method', 'direct']),
    );
    return readOutputs(outputs);
  });
}

/** The CLI would not write what is synthesized already to another folder. */
function synthesizedAssembly({ app }: DeployOptions, cwd: string): string | undefined {
  if (app === undefined) return undefined;
  const folder = resolve(cwd, app);
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : undefined;
}

/** How the CDK CLI is told the app and its context. */
export function appParameters(options: DeployOptions): string[] {
  return [
    ...(options.app === undefined ? [] : ['--app', options.app]),
    ...Object.entries(options.context ?? {}).flatMap(([name, value]) => ['--context', `${name}=${value}`]),
  ];
}

/** Tells the stacks' own lines (`Shop: deploying... [1/2]`) from those about their resources. */
function stackProgress(options: DeployOptions): Report {
  return (line) => {
    options.detail?.(line);
    if (/^\S+: deploying\.\.\./.test(line)) options.report?.(line.replace('...', ''));
  };
}

async function inOwnFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-deploy-'));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs both at the same time. When one fails, the other is ended, and the first one's error is thrown. */
async function together(
  first: (signal: AbortSignal) => Promise<void>,
  second: (signal: AbortSignal) => Promise<void>,
  outer: AbortSignal | undefined,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(outer ? [outer] : [])]);
  await Promise.all([first, second].map((action) => action(signal).catch((error: unknown) => failed.abort(error))));
  failed.signal.throwIfAborted();
}

/** The CLI writes none when no stack has an output. */
function readOutputs(file: string): StackOutputs {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackOutputs) : {};
}
