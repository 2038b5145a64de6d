import { type Command, InvalidArgumentError, Option } from 'commander';
import { MINUTE_MS } from '../contract/time.ts';
import { Graph, readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { COPY_STATES, type ListedCopy, type ListedMessage, messagesOf } from '../reconcile/messages.ts';
import { colourOf } from './colour.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, type ResolvedLedger, resolveLedger } from './ledger-option.ts';
import { printable } from './printable.ts';
import { SINCE, sinceOf } from './since-option.ts';
import { lengthOf } from './span-text.ts';
import { routesOf } from './subscriber-routes.ts';

interface LsOptions extends LedgerOptions, Filter {
  readonly json?: boolean;
}

/** Which messages are listed. */
interface Filter {
  readonly type?: string;
  readonly state?: readonly ListedCopy['state'][];
  readonly subscriber?: string;
  readonly since?: number;
  readonly limit?: number;
}

const LIMIT = 50;
/** Ids are minted by clocks that differ: as far as reconciliation looks ahead. */
const LOOKAHEAD_MS = 6 * MINUTE_MS;

/** Adds `waybill ls`: the messages of a ledger, the newest first. */
export function addLs(program: Command, context: CommandContext): void {
  const command = program
    .command('ls')
    .description('list the messages that were committed, the newest first, and what became of each at its subscribers')
    .option('--type <type>', 'those of this event type only')
    .addOption(new Option('--state <states...>', 'those in one of these states').choices(COPY_STATES))
    .option('--subscriber <name>', 'what became of them at this subscriber only')
    .option('--since <time>', `those that were committed in so long; default: ${SINCE.shown}`, sinceOf)
    .option('--limit <number>', `so many at most; default: ${LIMIT}`, limitOf)
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
It only reads. What has not ended in time is looked at before it is called missing.

Examples:
  $ waybill ls --state missing dead late --since 1d
  $ waybill ls --type order.placed --subscriber take-payment --limit 5`,
    )
    .action(async (options: LsOptions) => {
      const { environment, listEventSources, ...resolved } = await resolveLedger(options, context);
      await listMessages(ledgerOf(environment, resolved), { ...options, listEventSources }, context);
    });
}

/** Lists the messages of a ledger. */
export async function listMessages(
  ledger: Ledger,
  { json, ...options }: Filter & Pick<LsOptions, 'json'> & Partial<Pick<ResolvedLedger, 'listEventSources'>>,
  context: CommandContext,
): Promise<void> {
  const { since = SINCE.default, limit = LIMIT, subscriber, type, listEventSources } = options;
  const now = ledger.environment.now();
  const all = await readGraph(ledger);
  const graph = subscriber === undefined ? all : new Graph(routesOf(all, subscriber));
  const messages: ListedMessage[] = [];
  let more = false;
  for await (const message of messagesOf(ledger, {
    ...{ graph, from: now - since, to: now + LOOKAHEAD_MS },
    ...{ type, listEventSources },
  })) {
    const interesting = filtered(message, options);
    if (!interesting) continue;
    more = messages.length === limit;
    if (more) break;
    messages.push(interesting);
  }
  if (json) return printJson(context, { messages, more });
  for (const line of messageTable(messages, context)) print(context, line);
  if (messages.length === 0) context.err.write(`${noneFound(all, options)}\n`);
  if (more) context.err.write(`There are older ones: \`--limit\` shows more of them.\n`);
}

/** A message with the copies that are asked for; `undefined` where none is. */
function filtered(message: ListedMessage, { state, subscriber }: Filter): ListedMessage | undefined {
  const subscribers = message.subscribers.filter((copy) => state?.includes(copy.state) ?? true);
  const isAsked = subscribers.length > 0 || (state === undefined && subscriber === undefined);
  return isAsked ? { ...message, subscribers } : undefined;
}

function noneFound({ routes }: Graph, { type, since = SINCE.default }: Filter): string {
  const types = [...new Set(routes.map((route) => route.type))].sort();
  const unknown = type !== undefined && !types.includes(type);
  const hint = unknown ? `; the types that somebody expects are ${types.join(', ') || 'none'}` : '';
  return `No such message was committed in the last ${lengthOf(since)}${hint}.`;
}

interface Row {
  readonly cells: readonly string[];
  readonly state?: ListedCopy['state'];
}

/** The column of the state. */
const STATE = 5;

/** A line for each message and subscriber, in columns. */
function messageTable(messages: readonly ListedMessage[], context: CommandContext): string[] {
  const rows: Row[] = messages.flatMap(({ id, type, key, committed, subscribers }) => {
    const common = [instant(committed), id, printable(type), printable(key)];
    // A message that nobody expects is one of those that were committed, too.
    if (subscribers.length === 0) return [{ cells: [...common, '-', 'expected by nobody', ''] }];
    return subscribers.map((copy) => ({
      cells: [...common, copy.subscriber, WORDS[copy.state], factsOf(copy, committed)],
      state: copy.state,
    }));
  });
  if (rows.length === 0) return [];
  const widths =
    rows[0]?.cells.map((_, index) => Math.max(...rows.map(({ cells }) => cells[index]?.length ?? 0))) ?? [];
  return rows.map(({ cells, state }) => {
    const padded = cells.map((cell, index) => cell.padEnd(widths[index] ?? 0));
    if (state) padded[STATE] = colourOf(context, COLOURS[state], padded[STATE] ?? '');
    return padded.join('  ').trimEnd();
  });
}

function factsOf({ ended, reason, hop, evidence }: ListedCopy, committed: number): string {
  const facts = [
    ...(ended === undefined ? [] : [`after ${lengthOf(ended - committed)}`]),
    ...(reason === undefined ? [] : [reason]),
    ...(hop === undefined ? [] : [`at the ${hop}`]),
    ...(evidence === undefined ? [] : [evidence]),
  ];
  return printable(facts.join(', '));
}

const WORDS: Readonly<Record<ListedCopy['state'], string>> = {
  handled: 'handled',
  duplicate: 'duplicate',
  dead: 'dead',
  cancelled: 'cancelled',
  abandoned: 'abandoned',
  inFlight: 'in flight',
  late: 'late',
  scheduled: 'scheduled',
  missing: 'missing',
  unjudged: 'not judged',
};

const COLOURS: Readonly<Record<ListedCopy['state'], 'green' | 'red' | 'yellow' | 'dim' | 'cyan'>> = {
  handled: 'green',
  duplicate: 'green',
  dead: 'red',
  cancelled: 'dim',
  abandoned: 'yellow',
  inFlight: 'cyan',
  late: 'yellow',
  scheduled: 'cyan',
  missing: 'red',
  unjudged: 'yellow',
};

function instant(time: number): string {
  return new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('It is a whole number from 1 on.');
  return limit;
}
