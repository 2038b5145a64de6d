import type { Command } from 'commander';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { type Case, casesOf, giveUpCase } from '../reconcile/cases.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';

interface CaseOptions extends LedgerOptions {
  readonly subscriber?: string;
  readonly json?: boolean;
}

/** Adds `waybill case`: lists what reconciliation follows up, and closes a case of which nobody needs to hear more. */
export function addCase(program: Command, context: CommandContext): void {
  const command = program.command('case').description('list the cases of messages that have not ended, or close one');
  const ls = command
    .command('ls')
    .description('list the messages that reconciliation follows up, the oldest of each shard first')
    .option('--subscriber <name>', 'those of this subscriber only')
    .option('--json', 'print one JSON object');
  addLedgerOptions(ls).action(async (options: CaseOptions) => {
    const { environment, ...resolved } = await resolveLedger(options, context);
    await listCases(ledgerOf(environment, resolved), options, context);
  });
  const close = command
    .command('close')
    .description('follow a message up no more at a subscriber: it is sent no more, and no alarm counts it')
    .argument('<id>', 'the id of the message', messageIdOf)
    .requiredOption('--subscriber <name>', 'the subscriber at which it has not ended')
    .option('--json', 'print one JSON object');
  addLedgerOptions(close)
    .addHelpText(
      'after',
      `
The message itself stays as it is: a copy that still comes is handled. The exit code is 1 where no such case is open.

Example:
  $ waybill case close 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --subscriber take-payment`,
    )
    .action(async (id: string, options: CaseOptions & { readonly subscriber: string }) => {
      const { environment, ...resolved } = await resolveLedger(options, context);
      await closeByHand(ledgerOf(environment, resolved), id, options, context);
    });
}

/** Lists the open cases of a ledger. */
export async function listCases(
  ledger: Ledger,
  { subscriber, json }: Pick<CaseOptions, 'subscriber' | 'json'>,
  context: CommandContext,
): Promise<void> {
  const cases: Case[] = [];
  for (let shard = 0; shard < ledger.shards; shard++) {
    for await (const one of casesOf(ledger, shard)) {
      if (one.state !== 'closed' && (!subscriber || one.subscriber === subscriber)) cases.push(one);
    }
  }
  if (json) return printJson(context, { cases });
  if (cases.length === 0) print(context, 'No case is open.');
  for (const { id, state, hop, evidence, tries, ...one } of cases) {
    const facts = [hop && `at the ${hop}`, tries > 0 && `sent again ${tries} times`, evidence].filter(Boolean);
    print(context, `${id}  ${one.subscriber}: ${[state, ...facts].join(', ')}`);
  }
}

/** Closes a case, and says what it was. */
export async function closeByHand(
  ledger: Ledger,
  id: string,
  { subscriber, json }: { readonly subscriber: string; readonly json?: boolean },
  context: CommandContext,
): Promise<void> {
  const closed = await giveUpCase(ledger, id, subscriber);
  if (!closed) context.exitCode = 1;
  const was = closed && { state: closed.state, tries: closed.tries };
  if (json) return printJson(context, { closed: closed !== undefined, id, subscriber, ...was });
  if (!was) return print(context, `Not closed: no case of ${id} is open at ${subscriber}`);
  print(context, `Closed the case of ${id} at ${subscriber}: it was ${was.state}, and sent again ${was.tries} times`);
}
