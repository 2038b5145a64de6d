import type { Command } from 'commander';
import { sharedEngine, sharedLocalStack } from '../local/index.ts';
import { type CommandContext, printJson } from './command-context.ts';

/** Adds `waybill down`: ends the shared engines. */
export function addDown(program: Command, context: CommandContext): void {
  program
    .command('down')
    .description('end the engines that `waybill up` started; what was deployed to them is gone')
    .option('--json', 'print one JSON object')
    .action((options: { readonly json?: boolean }) => down(options, context));
}

async function down(options: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  context.progress.step('Ending the embedded engine');
  const [stopped, localstack] = await Promise.all([sharedEngine.stop(), sharedLocalStack.stop()]);
  const ended = [
    ...(stopped ? [`The embedded engine at ${stopped.endpoint} has ended.`] : []),
    ...(localstack ? [`LocalStack at ${localstack.endpoint} and DynamoDB Local have ended.`] : []),
  ];
  context.progress.done(ended.length > 0 ? ended.join(' ') : 'No embedded engine runs: nothing to end.');
  if (options.json) {
    printJson(context, {
      stopped: stopped !== undefined || localstack !== undefined,
      endpoint: stopped?.endpoint,
      ...(localstack && { localstack: localstack.endpoint }),
    });
  }
}
