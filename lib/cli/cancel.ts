import type { Command } from 'commander';
import type { Environment } from '../aws/environment.ts';
import { type Cancellation, cancel } from '../cancel/cancel.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { endsInWords } from './ends-in-words.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';

interface CancelOptions extends LedgerOptions {
  readonly json?: boolean;
}

/** Adds `waybill cancel`: cancels a message before it takes effect anywhere. */
export function addCancel(program: Command, context: CommandContext): void {
  const command = program
    .command('cancel')
    .description('cancel a message at every subscriber that expects it, unless one of them was faster')
    .argument('<id>', 'the id of the message; of one that was rescheduled, any of its ids', messageIdOf)
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
The exit code is 1 when it came too late: then the message goes on everywhere.

Example:
  $ waybill cancel 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f`,
    )
    .action(async (id: string, options: CancelOptions) => {
      const { environment } = await resolveLedger(options, context);
      await cancelMessage(environment, id, options, context);
    });
}

/** Cancels a message, and says what became of it. */
export async function cancelMessage(
  environment: Environment,
  messageId: string,
  { json }: CancelOptions,
  context: CommandContext,
): Promise<void> {
  const cancellation = await cancel(messageId, { environment: asOperator(environment) });
  if (!cancellation.cancelled) context.exitCode = 1;
  if (json) printJson(context, cancellation);
  else print(context, sentenceOf(cancellation, messageId));
}

/** Rows say who wrote them: somebody at a command line. */
export function asOperator(environment: Environment): Environment {
  return { ...environment, variables: { ...environment.variables, [BINDINGS.producer]: 'waybill-cli' } };
}

function sentenceOf(cancellation: Cancellation, messageId: string): string {
  const { id, cancelled } = cancellation;
  const name = id === messageId ? id : `${id}, which is in the place of ${messageId}`;
  if (cancelled) return `Cancelled ${name}: it takes effect nowhere`;
  return `Not cancelled: ${name} ${endsInWords(cancellation.ended)}, so it goes on everywhere`;
}
