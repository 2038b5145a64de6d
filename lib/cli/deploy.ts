import type { Command } from 'commander';
import { deployApp, openable, runningTarget, sharedEngine, type Target } from '../local/index.ts';
import { type AppOptions, addAppOptions, contextFor, printOutputs } from './app-options.ts';
import { addAwsOptions } from './aws-option.ts';
import { type CommandContext, printJson } from './command-context.ts';
import { awaitInterruption } from './interruption.ts';
import { lengthOf } from './span-text.ts';

interface DeployOptions extends AppOptions {
  readonly aws?: boolean;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/** Adds `waybill deploy`: deploys the CDK app of the working directory. */
export function addDeploy(program: Command, context: CommandContext): void {
  const command = program
    .command('deploy')
    .description('deploy the CDK app of this folder to an engine, which is started where none runs, or to AWS')
    .argument('[stacks...]', 'stacks to deploy, with what they depend on; default: all');
  addAppOptions(command).option('--json', 'print the outputs as one JSON object');
  addAwsOptions(command)
    .addHelpText(
      'after',
      `
An engine that it started runs on: \`waybill down\` ends it. AWS wants \`npx cdk bootstrap\` once an account and region, and
nobody is asked before permissions change: \`npx cdk diff\` shows what would.

Examples:
  $ waybill deploy
  $ waybill deploy --profile team --region eu-central-1`,
    )
    .action((stacks: string[], options: DeployOptions) => deploy(stacks, options, context));
}

async function deploy(stacks: readonly string[], options: DeployOptions, context: CommandContext): Promise<void> {
  const { progress } = context;
  const interruption = awaitInterruption();
  const { signal } = interruption;
  try {
    const target = await targetOf(options, context);
    const started = performance.now();
    const outputs = await deployApp({
      target,
      ...(options.app !== undefined && { app: options.app }),
      context: contextFor(target, options),
      ...(stacks.length > 0 && { stacks }),
      report: progress.step,
      detail: progress.count,
      signal,
    });
    progress.done(`Deployed to ${target.endpoint ?? 'AWS'} in ${lengthOf(performance.now() - started)}`);
    const shown = openable(outputs, target);
    if (options.json) printJson(context, shown);
    else printOutputs(context, shown);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    interruption.release();
  }
}

async function targetOf({ aws = false, region, profile }: DeployOptions, context: CommandContext): Promise<Target> {
  const { environment, progress } = context;
  const running = await runningTarget({ environment, aws, region, profile });
  return running ?? sharedEngine.share({ environment, report: progress.step, detached: true });
}
