import { type Command, InvalidArgumentError } from 'commander';
import { isMessageId, WaybillError } from '../contract/index.ts';
import { type TracedMessage, trace, traceKey } from '../runtime/trace/trace.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { SINCE, sinceOf } from './since-option.ts';
import { traceTree } from './trace-tree.ts';

interface TraceOptions extends LedgerOptions {
  readonly key?: string;
  readonly since?: number;
  readonly json?: boolean;
}

/** No message of a business key was committed in the time that was looked at. */
export class NoMessages extends WaybillError {
  readonly code = 'no-messages';
}

/** Adds `waybill trace`: a message and everything that came of it, hop by hop. */
export function addTrace(program: Command, context: CommandContext): void {
  const command = program
    .command('trace')
    .description('draw a message and everything that came of it, hop by hop, with what is missing')
    .argument('[id]', 'the id of any message of the chain', messageIdOf)
    .option('--key <key>', 'every chain with a message of this business key instead, such as an order number')
    .option('--since <time>', `with --key: look at the messages of so long; default: ${SINCE.shown}`, sinceOf)
    .option('--json', 'print the tree as one JSON object; with --key, an array of them');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ waybill trace 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f
  $ waybill trace --key order-1042 --since 2d`,
    )
    .action(async (id: string | undefined, options: TraceOptions) => {
      if ((id === undefined) === (options.key === undefined)) {
        command.error('error: give either the id of a message or --key');
      }
      if (id !== undefined && options.since !== undefined) command.error('error: --since goes with --key');
      await run(id, options, context);
    });
}

async function run(id: string | undefined, options: TraceOptions, context: CommandContext): Promise<void> {
  const { environment, ...inspection } = await resolveLedger(options, context);
  const { key = '', since = SINCE.default, json } = options;
  const now = environment.now();
  const traced = id
    ? [await trace(environment, inspection, id)]
    : await traceKey(environment, inspection, key, now - since);
  if (traced.length === 0) {
    const from = new Date(now - since).toISOString();
    throw new NoMessages(
      `No message of the key '${key}' was committed to the ledger '${inspection.ledger}' since ${from}: --since looks further back`,
    );
  }
  if (json) printJson(context, id ? traced[0] : traced);
  else for (const line of treesOf(traced, now, context)) print(context, line);
}

function treesOf(traced: readonly TracedMessage[], now: number, { out }: CommandContext): string[] {
  const width = out.columns;
  return traced.flatMap((message, index) => [
    ...(index > 0 ? [''] : []),
    ...traceTree(message, { now, ...(width && { width }) }),
  ]);
}

function messageIdOf(text: string): string {
  if (!isMessageId(text)) {
    throw new InvalidArgumentError('It is no message id: one looks like 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f.');
  }
  return text;
}
