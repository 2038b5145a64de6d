import type { Command } from 'commander';
import { judge } from '../reconcile/reconcile.ts';
import { Totals } from '../reconcile/totals.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { reconciliationTable } from './reconciliation-table.ts';
import { SINCE, sinceOf } from './since-option.ts';

interface ReconcileOptions extends LedgerOptions {
  readonly since?: number;
  readonly json?: boolean;
  readonly exitCode?: boolean;
}

/** Adds `waybill reconcile`: what was committed against what has ended, message by message. */
export function addReconcile(program: Command, context: CommandContext): void {
  const command = program
    .command('reconcile')
    .description(
      'compare what was committed with what has ended everywhere, and name what is missing and where it stopped',
    )
    .option(
      '--since <time>',
      `look at the messages that were committed or came due in so long; default: ${SINCE.shown}`,
      sinceOf,
    )
    .option('--exit-code', 'exit with 1 when anything is missing, uncaused or cannot be judged')
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText('after', '\nIt only reads. Example:\n  $ waybill reconcile --since 15m')
    .action((options: ReconcileOptions) => run(options, context));
}

async function run({ since = SINCE.default, ...options }: ReconcileOptions, context: CommandContext): Promise<void> {
  const { progress } = context;
  const { environment, ledger, shards, listEventSources } = await resolveLedger(options, context);
  const from = environment.now() - since;
  progress.step(`Reconciling ${ledger}`);
  let buckets = 0;
  const totals = new Totals();
  for await (const judged of judge(environment, { ledger, shards, listEventSources, from, due: true })) {
    totals.add(judged.totals);
    progress.count(`Reconciling ${ledger}: ${++buckets} buckets of a minute and a shard`);
  }
  const reconciliation = totals.reconciliation();
  progress.done(`Reconciled ${ledger} since ${new Date(from).toISOString()}`);
  const { copies: _, ...named } = reconciliation;
  if (options.json) printJson(context, named);
  else for (const line of reconciliationTable(reconciliation)) print(context, line);
  const { missing, uncaused, unjudged = [] } = named;
  const isClean = missing.length + uncaused.length + unjudged.length === 0;
  if (options.exitCode && !isClean) context.exitCode = 1;
}
