import type { Command } from 'commander';
import { UnknownMessage, WaybillError } from '../contract/errors.ts';
import { trace, traceKey } from '../trace/trace.ts';
import { traceHalf } from '../trace/trace-half.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, type ResolvedLedger, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';
import { SINCE, sinceOf } from './since-option.ts';
import { halfTree, traceTree } from './trace-tree.ts';

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
    .argument('[id]', 'the id of any message of the chain, or of a half message', messageIdOf)
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
  const resolved = await resolveLedger(options, context);
  if (id) return showOne(resolved, id, options, context);
  const { environment, ...inspection } = resolved;
  const { key = '', since = SINCE.default, json } = options;
  const now = environment.now();
  const traced = await traceKey(environment, inspection, key, now - since);
  if (traced.length === 0) {
    const from = new Date(now - since).toISOString();
    throw new NoMessages(
      `No message of the key '${key}' was committed to the ledger '${inspection.ledger}' since ${from}: --since looks further back`,
    );
  }
  const width = context.out.columns;
  if (json) return printJson(context, traced);
  for (const [index, message] of traced.entries()) {
    if (index > 0) print(context, '');
    for (const line of traceTree(message, { now, ...(width && { width }) })) print(context, line);
  }
}

/** The ids of messages and of half messages look alike. */
async function showOne(
  { environment, ...inspection }: ResolvedLedger,
  id: string,
  { json }: TraceOptions,
  context: CommandContext,
): Promise<void> {
  const message = await knownOr(() => trace(environment, inspection, id));
  const half = message ? undefined : await knownOr(() => traceHalf(environment, inspection, id));
  const width = context.out.columns;
  const options = { now: environment.now(), ...(width && { width }) };
  if (!message && !half) {
    throw new UnknownMessage(
      `No message '${id}' was committed to the ledger '${inspection.ledger}', and none prepared`,
    );
  }
  if (json) return printJson(context, message ?? half);
  const lines = message ? traceTree(message, options) : half ? halfTree(half, options) : [];
  for (const line of lines) print(context, line);
}

async function knownOr<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UnknownMessage) return undefined;
    throw error;
  }
}
