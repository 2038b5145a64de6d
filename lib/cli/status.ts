import type { Command } from 'commander';
import { runningTarget, type Target } from '../local/index.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { descriptionOf } from './up.ts';

/** Adds `waybill status`: says which engine commands would use. */
export function addStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('say which engine runs; exits with 1 when none does')
    .option('--json', 'print one JSON object')
    .action((options: { readonly json?: boolean }) => status(options, context));
}

async function status(options: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  const target = await runningTarget({ environment: context.environment });
  if (!target) context.exitCode = 1;
  if (options.json) printJson(context, target ? { running: true, ...descriptionOf(target) } : { running: false });
  else print(context, target ? sentenceOf(target) : 'No engine runs: `waybill up` starts one.');
}

function sentenceOf(target: Target): string {
  if (target.kind !== 'embedded') return `AWS_ENDPOINT_URL is set, and ${target.endpoint} answers.`;
  return `The embedded engine runs at ${target.endpoint} (process ${target.pid}, since ${target.startedAt}). Its log is ${target.logFile}.`;
}
