import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { WaybillError } from '../contract/errors.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { awaitInterruption } from './interruption.ts';
import { type Manager, type NewApp, newApp } from './new-app.ts';
import { install } from './package-manager.ts';

interface InitOptions {
  readonly manager?: Manager;
  readonly cjs?: boolean;
  readonly jest?: boolean;
  readonly install: boolean;
  readonly package?: string;
  readonly json?: boolean;
}

/** A folder in which an application is to be made holds something already. */
export class FolderNotEmpty extends WaybillError {
  readonly code = 'folder-not-empty';
}

/** The package manager could not install what an application depends on. */
export class InstallFailed extends WaybillError {
  readonly code = 'install-failed';
}

/** Adds `waybill init`: a working application in an empty folder. */
export function addInit(program: Command, context: CommandContext): void {
  program
    .command('init')
    .description(
      'make a working application in an empty folder: contract, producer, handler, stack, tests, certificate',
    )
    .argument('[folder]', 'the folder, which is made where there is none; default: the working directory')
    .addOption(
      new Option('--manager <name>', 'the package manager; default: the one that runs this').choices([
        'npm',
        'pnpm',
        'yarn',
      ]),
    )
    .option('--cjs', 'CommonJS in place of ES modules')
    .option('--jest', 'tests by jest and ts-jest in place of vitest; it has --cjs with it')
    .option('--no-install', 'install nothing')
    .option('--package <spec>', 'the version of the package that it depends on, or a tarball; default: this version')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ npx waybill init shop && cd shop && npm test
  $ pnpm dlx waybill init shop --jest`,
    )
    .action((folder: string | undefined, options: InitOptions) => init(folder, options, context));
}

async function init(folder = '.', options: InitOptions, context: CommandContext): Promise<void> {
  const target = resolve(folder);
  const manager = options.manager ?? managerOf(context.environment);
  const jest = options.jest ?? false;
  const kind: NewApp = { name: nameOf(target), manager, jest, cjs: (options.cjs ?? false) || jest };
  const files = newApp(templatesFolder(), kind, options.package);
  refuseFull(target);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), text);
  }
  if (options.install) await installed(target, manager, context);
  const there = relative(process.cwd(), target);
  context.progress.done(`An application is in ${there || 'this folder'}.`);
  if (options.json) return printJson(context, { folder: target, ...kind, files: Object.keys(files) });
  const first = [...(there ? [`cd ${there}`] : []), ...(options.install ? [] : [`${manager} install`])];
  const run = manager === 'npm' ? 'npm run' : manager;
  for (const line of [...first, `${manager} test`, `${run} dev`]) print(context, line);
}

async function installed(folder: string, manager: Manager, context: CommandContext): Promise<void> {
  const interruption = awaitInterruption();
  try {
    context.progress.step(`Installing packages by ${manager}`);
    const { signal } = interruption;
    const failed = await install(manager, folder, signal, context.progress.count);
    signal.throwIfAborted();
    if (failed !== undefined) {
      throw new InstallFailed(
        `\`${manager} install\` failed in ${folder}, where the application is: mend what it says, and run it again. It said last:\n${failed}`,
      );
    }
  } finally {
    interruption.release();
  }
}

/** A folder that holds no more than a repository that was made for the application is empty. */
function refuseFull(folder: string): void {
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => name !== '.git') : [];
  if (found.length === 0) return;
  const some = found.slice(0, 3).join(', ');
  throw new FolderNotEmpty(`${folder} is not empty (${some}${found.length > 3 ? ', …' : ''}): name another folder`);
}

/** npm, pnpm and Yarn say who they are to what they run. */
function managerOf({ npm_config_user_agent: agent = '' }: NodeJS.ProcessEnv): Manager {
  const [name] = agent.split('/');
  return name === 'pnpm' || name === 'yarn' ? name : 'npm';
}

function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name || 'app';
}

function templatesFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('waybill/package.json')), 'templates', 'app');
}
