import type { Command } from 'commander';
import { stopSharedEngine } from '../local/index.ts';
import { type CommandContext, printJson } from './command-context.ts';

/** Adds `waybill down`: ends the shared engine. */
export function addDown(program: Command, context: CommandContext): void {
  program
    .command('down')
    .description('end the embedded AWS engine; what was deployed to it is gone')
    .option('--json', 'print one JSON object')
    .action((options: { readonly json?: boolean }) => down(options, context));
}

async function down(options: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  context.progress.step('Ending the embedded engine');
  const stopped = await stopSharedEngine();
  context.progress.done(
    stopped ? `The embedded engine at ${stopped.endpoint} has ended.` : 'No embedded engine runs: nothing to end.',
  );
  if (options.json) printJson(context, { stopped: stopped !== undefined, endpoint: stopped?.endpoint });
}
