import { type Command, InvalidArgumentError, Option } from 'commander';
import { MISLEADING, runningTarget, sharedEngine, sharedLocalStack, type Target, UP_ENDPOINT } from '../local/index.ts';
import { type CommandContext, print, printJson } from './command-context.ts';

interface UpOptions {
  readonly engine: 'embedded' | 'localstack';
  readonly port?: number;
  readonly json?: boolean;
}

/** Adds `waybill up`: starts the shared engine and leaves it running. */
export function addUp(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description('start an AWS engine and leave it running')
    .addOption(
      new Option('--engine <name>', 'which engine: the embedded one, or LocalStack with DynamoDB Local beside it')
        .choices(['embedded', 'localstack'])
        .default('embedded'),
    )
    .option('--port <number>', 'listen on this port instead of a free one', portOf)
    .option('--json', 'print one JSON object instead of the lines to export')
    .addHelpText(
      'after',
      `
Examples:
  $ eval "$(waybill up)"                       start it, and let this shell's AWS tools use it
  $ eval "$(waybill up --engine localstack)"   the same with LocalStack, which needs Python 3.13 and Java 17`,
    )
    .action((options: UpOptions, command: Command) => {
      if (options.engine === 'embedded') return up(options, context);
      if (options.port === undefined) return upLocalStack(options, context);
      return command.error('error: LocalStack and DynamoDB Local choose free ports: leave --port out', { exitCode: 2 });
    });
}

async function upLocalStack(options: UpOptions, context: CommandContext): Promise<void> {
  const { progress, environment } = context;
  const localstack = await sharedLocalStack.share({ environment, report: progress.step, detached: true });
  const { owned, endpoint, dynamodbEndpoint, env, pid, startedAt, logFiles, version } = localstack;
  progress.done(
    `${version} ${owned ? 'run' : 'already run'} at ${endpoint} and ${dynamodbEndpoint}; \`waybill down\` ends them.`,
  );
  progress.note(
    'They have no Lambda and enforce no permissions: `hostStacks` of waybill/testing deploys the data plane of your stacks ' +
      'there and runs the handlers in your own process.',
  );
  const region = env.AWS_REGION;
  const description = { endpoint, dynamodbEndpoint, region, version, pid, startedAt, logFiles, env };
  if (options.json) printJson(context, { alreadyRunning: !owned, kind: 'localstack', ...description });
  else printExports(context, env, MISLEADING);
}

async function up(options: UpOptions, context: CommandContext): Promise<void> {
  const { progress, environment } = context;
  const common = { environment, report: progress.step };
  // What an earlier `up` has exported names no engine of somebody else's.
  const isOwn = environment.AWS_ENDPOINT_URL === environment[UP_ENDPOINT];
  const found = isOwn ? undefined : await runningTarget(common);
  const external = found?.kind === 'external' ? found : undefined;
  const target: Target = external ?? (await sharedEngine.share({ ...common, detached: true, port: options.port }));
  progress.done(
    external
      ? `AWS_ENDPOINT_URL is set and ${target.endpoint} answers: nothing to start.`
      : `The embedded engine ${target.owned ? 'runs' : 'already runs'} at ${target.endpoint}; \`waybill down\` ends it.`,
  );
  if (options.json) printJson(context, { alreadyRunning: !target.owned, ...descriptionOf(target) });
  else printExports(context, target.env, external ? undefined : MISLEADING);
}

/** Prints what a shell evaluates to use an engine, without what an earlier engine or a profile has left in it. */
function printExports(
  context: CommandContext,
  variables: Readonly<Record<string, string>>,
  misleading: RegExp | undefined,
): void {
  const left = Object.keys(context.environment).filter((name) => misleading?.test(name) && !(name in variables));
  if (left.length > 0) print(context, `unset ${left.join(' ')}`);
  for (const [name, value] of Object.entries(variables)) print(context, `export ${name}=${quoted(value)}`);
}

function quoted(value: string): string {
  return /^[\w:/.@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** A target as `up` and `status` describe it in JSON. */
export function descriptionOf(target: Target): Record<string, unknown> {
  const { kind, endpoint, region, env } = target;
  const process =
    target.kind === 'embedded' ? { pid: target.pid, startedAt: target.startedAt, logFile: target.logFile } : {};
  return { kind, endpoint, region, ...process, env };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('It is a number from 1 to 65535.');
  return port;
}
