import { type Command, InvalidArgumentError } from 'commander';
import { COPY_MS } from '../ledger/copied-row.ts';
import { readersOf, readFormat, turnFormat } from '../ledger/format.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { NEWEST_FORMAT } from '../ledger/rows/format.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';

interface FormatOptions extends LedgerOptions {
  readonly set?: number;
  readonly json?: boolean;
}

/** Adds `waybill ledger format`: in which format outbox rows are written, and who reads which. */
export function addLedger(program: Command, context: CommandContext): void {
  const command = program
    .command('ledger')
    .description('look at a ledger itself')
    .command('format')
    .description('say in which format outbox rows are written, or have them written in another')
    .option('--set <format>', `from 1, which every version reads, to ${NEWEST_FORMAT}`, formatOf)
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
A format is turned on once everybody who reads it is deployed: until then nothing is changed, and the exit code is 1.
Turn it off before a deployment goes back to a version that does not know it.

Example:
  $ waybill ledger format --set 2`,
    )
    .action(async (options: FormatOptions) => {
      const { environment, ...resolved } = await resolveLedger(options, context);
      await showOrTurnFormat(ledgerOf(environment, resolved), options, context);
    });
}

/** Says in which format a ledger's outbox rows are written, and turns it where that is asked for and everybody reads it. */
export async function showOrTurnFormat(
  ledger: Ledger,
  { set, json }: Pick<FormatOptions, 'set' | 'json'>,
  context: CommandContext,
): Promise<void> {
  const before = await readFormat(ledger);
  const behind = set === undefined ? [] : await turnFormat(ledger, set);
  const format = set !== undefined && behind.length === 0 ? set : before;
  const readers = await readersOf(ledger);
  if (behind.length > 0) context.exitCode = 1;
  if (json) return printJson(context, { format, before, newest: NEWEST_FORMAT, readers, behind });
  for (const { subscriber, reads } of behind) {
    print(
      context,
      `${subscriber} reads formats up to ${reads}: deploy it, and the ledger's stack, with this version first`,
    );
  }
  print(context, `Outbox rows of ${ledger.table} are written in format ${format}.`);
  if (format !== before) print(context, `It was ${before}. Producers follow within ${COPY_MS / 60_000} minutes.`);
}

function formatOf(text: string): number {
  const format = Number(text);
  if (Number.isInteger(format) && format >= 1 && format <= NEWEST_FORMAT) return format;
  throw new InvalidArgumentError(`This version knows the formats from 1 to ${NEWEST_FORMAT}.`);
}
