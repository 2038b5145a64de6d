import type { Command } from 'commander';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import { Graph, readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { type Owed, owedBy } from '../reconcile/owed.ts';
import { listSubscribers } from './circuit.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { SINCE, sinceOf } from './since-option.ts';
import { routesOf } from './subscriber-routes.ts';

interface RemoveOptions extends LedgerOptions {
  readonly since?: number;
  readonly json?: boolean;
}

/** Messages of a long list that are written out: `--json` has them all. */
const SOME = 20;

/** Adds `waybill subscriber ls`, and `remove --check`: what a subscriber would leave behind. */
export function addSubscriber(program: Command, context: CommandContext): void {
  const subscribers = program.command('subscriber').description('look at subscribers');
  const ls = subscribers
    .command('ls')
    .description(
      'say of each subscriber whether its handler runs, is paused, or its circuit is open, and how it scales',
    )
    .option('--json', 'print one JSON object');
  addLedgerOptions(ls).action(async (options: LedgerOptions & { readonly json?: boolean }) => {
    const { environment, ...resolved } = await resolveLedger(options, context);
    await listSubscribers(ledgerOf(environment, resolved), options, context);
  });
  const command = subscribers
    .command('remove')
    .description('say what is on its way to a subscriber that is to be removed; a deployment without it removes it')
    .argument('<name>', 'the name of the subscriber')
    .requiredOption('--check', 'only say what it has not ended')
    .option(
      '--since <time>',
      `look at what was committed in so long, beside open cases and what waits; default: ${SINCE.shown}`,
      sinceOf,
    )
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
The exit code is 1 where something is on its way. An hour after the removal it is abandoned.

Example:
  $ waybill subscriber remove take-payment --check`,
    )
    .action(async (name: string, options: RemoveOptions) => {
      const { environment, listEventSources, ...resolved } = await resolveLedger(options, context);
      await checkRemoval(ledgerOf(environment, resolved), name, { ...options, listEventSources }, context);
    });
}

/** Says what a subscriber has not ended. */
export async function checkRemoval(
  ledger: Ledger,
  subscriber: string,
  {
    since = SINCE.default,
    json,
    ...options
  }: Pick<RemoveOptions, 'since' | 'json'> & { readonly listEventSources?: ListEventSources },
  context: CommandContext,
): Promise<void> {
  const graph = new Graph(routesOf(await readGraph(ledger), subscriber));
  const owed = await owedBy(ledger, { ...options, graph, since: ledger.environment.now() - since });
  if (owed.length > 0) context.exitCode = 1;
  if (json) return printJson(context, { subscriber, messages: owed });
  for (const line of owedInWords(subscriber, owed)) print(context, line);
}

function owedInWords(subscriber: string, owed: readonly Owed[]): string[] {
  if (owed.length === 0) return [`Nothing is on its way to ${subscriber}.`];
  const counts = [...Map.groupBy(owed, ({ state }) => state)].map(([state, some]) => `${some.length} ${WORDS[state]}`);
  const lines = owed
    .slice(0, SOME)
    .map(({ id, state, evidence }) => `  ${id}  ${WORDS[state]}${evidence ? `: ${evidence}` : ''}`);
  const more = owed.length > SOME ? [`  … and ${owed.length - SOME} more`] : [];
  return [`On their way to ${subscriber}: ${owed.length} (${counts.join(', ')})`, ...lines, ...more];
}

const WORDS: Readonly<Record<Owed['state'], string>> = {
  inFlight: 'in flight',
  late: 'late',
  scheduled: 'scheduled',
  missing: 'missing',
  unjudged: 'not judged',
  quarantined: 'given up by healing',
};
