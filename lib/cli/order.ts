import type { Command } from 'commander';
import { type Blocker, blockerOf } from '../inspect/blocker.ts';
import { parkedAt, readFence } from '../ledger/fence.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { parkedNumber } from '../ledger/rows/order.ts';
import type { Route } from '../ledger/rows/route.ts';
import { heldUpBy, type Skipped, skip } from '../order/skip.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';
import { routesOf, SeveralSubscribers } from './subscriber-routes.ts';

interface OrderOptions extends LedgerOptions {
  readonly json?: boolean;
}

interface SkipOptions extends OrderOptions {
  readonly subscriber?: string;
}

/** Adds `waybill order`, which shows how far a key has come, and `waybill skip`, which has it go on without a dead message. */
export function addOrder(program: Command, context: CommandContext): void {
  const order = program
    .command('order')
    .description('show how far a subscriber has come with a key: what ended last, what is parked, and behind what')
    .argument('<subscriber>', 'the name of an ordered subscriber')
    .argument('<key>', "the business key; '*' where all keys have one order")
    .option('--json', 'print one JSON object');
  addLedgerOptions(order)
    .addHelpText('after', '\nExample:\n  $ waybill order project account-17')
    .action(async (subscriber: string, key: string, options: OrderOptions) => {
      const { environment, ...resolved } = await resolveLedger(options, context);
      await showOrder(ledgerOf(environment, resolved), { subscriber, key, json: options.json }, context);
    });
  const skipping = program
    .command('skip')
    .description('have those behind a dead message of an order go on without it')
    .argument('<id>', 'the id of the message', messageIdOf)
    .option('--subscriber <name>', 'the ordered subscriber, where it is dead at several')
    .option('--json', 'print one JSON object');
  addLedgerOptions(skipping)
    .addHelpText(
      'after',
      `
The message stays dead: sent again, it is dead-lettered as overtaken. The exit code is 1 when nothing was skipped.

Example:
  $ waybill skip 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f`,
    )
    .action(async (id: string, { subscriber, json, ...options }: SkipOptions) => {
      const { environment, ...resolved } = await resolveLedger(options, context);
      await skipMessage(ledgerOf(environment, resolved), { subscriber, id, json }, context);
    });
}

interface Shown {
  readonly subscriber: string;
  readonly key: string;
  readonly json?: boolean | undefined;
}

/** Messages that are listed of those that are parked. */
const LISTED = 100;

/** Shows how far a subscriber has come with a key. @throws UnknownSubscriber when there is none of the name */
export async function showOrder(
  ledger: Ledger,
  { subscriber, key, json }: Shown,
  context: CommandContext,
): Promise<void> {
  routesOf(await readGraph(ledger), subscriber);
  const fence = await readFence(ledger, subscriber, key);
  const parked: { readonly number: number; readonly id: string; readonly passes: boolean }[] = [];
  for await (const page of parkedAt(ledger, subscriber, key)) {
    for (const row of page) parked.push({ number: parkedNumber(row), id: row.id, passes: row.pass === true });
    if (parked.length >= LISTED) break;
  }
  const waiting = parked.find(({ passes }) => !passes);
  const head = waiting && (await blockerOf(ledger, subscriber, waiting.id));
  const last = fence?.n === undefined ? null : { number: fence.n, id: fence.id ?? '' };
  const listed = parked.slice(0, LISTED);
  if (json)
    return printJson(context, {
      subscriber,
      key,
      last,
      head: head ?? null,
      waiting: fence?.parked ?? 0,
      parked: listed,
    });
  print(
    context,
    last ? `Number ${last.number} ended last: ${last.id}` : `Nothing of '${key}' has ended at '${subscriber}'`,
  );
  print(context, head ? nextIn(head) : 'Nothing holds it up');
  for (const { number, id, passes } of listed)
    print(context, `  ${number}  ${id}  ${passes ? 'is passed over' : 'parked'}`);
}

/** Which message is next, and why it has not ended. */
function nextIn({ number, id, state, reason, detail }: Blocker): string {
  if (state === 'open')
    return `Number ${number} is next, and has not ended: ${id}. \`waybill trace ${id}\` says where it is`;
  const why = [reason, detail].filter(Boolean).join(': ');
  return `Number ${number} is next, and dead${why && ` (${why})`}: redrive or skip ${id}`;
}

const SAID: Readonly<Record<Skipped, string>> = {
  skipped: 'those behind it go on',
  'not-holding': 'it is dead at no ordered subscriber whose key it holds up. What has not ended can be cancelled',
  'not-dead': 'it is not dead there. What has not ended can be cancelled',
};

/**
 * Skips a message, and says what came of it.
 *
 * @throws UnknownSubscriber, UnknownMessage, CommitUndecided
 * @throws SeveralSubscribers when no subscriber is named, and it holds up several
 */
export async function skipMessage(
  ledger: Ledger,
  {
    subscriber,
    id,
    json,
  }: { readonly subscriber?: string | undefined; readonly id: string; readonly json?: boolean | undefined },
  context: CommandContext,
): Promise<void> {
  const route = await routeToSkip(ledger, subscriber, id);
  const result = route ? await skip(ledger, route, id) : 'not-holding';
  if (result !== 'skipped') context.exitCode = 1;
  if (json) return printJson(context, { subscriber: route?.subscriber ?? subscriber ?? null, id, result });
  print(
    context,
    result === 'skipped' ? `Skipped at '${route?.subscriber}': ${SAID[result]}` : `Not skipped: ${SAID[result]}`,
  );
}

/** A route of the subscriber that was named, else of the only one that the message holds up. */
async function routeToSkip(ledger: Ledger, subscriber: string | undefined, id: string): Promise<Route | undefined> {
  const graph = await readGraph(ledger);
  if (subscriber !== undefined) return routesOf(graph, subscriber)[0];
  const held = await heldUpBy(ledger, graph.routes, id);
  if (held.length <= 1) return held[0];
  const names = held.map((route) => route.subscriber).join(', ');
  throw new SeveralSubscribers(`It is dead at several ordered subscribers: give one of ${names} as --subscriber`);
}
