import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Command } from 'commander';
import { type Operation, operate } from '../circuit/operate.ts';
import { WaybillError } from '../contract/errors.ts';
import { readCircuit } from '../ledger/circuit.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import type { CircuitRow } from '../ledger/rows/circuit.ts';
import { readScale } from '../ledger/scale.ts';
import { CLIENT_LIMITS } from './aws-access.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { functionsOf } from './deployed-functions.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { type Scale, scaleInWords, scaleOf } from './scale-words.ts';
import { routesOf } from './subscriber-routes.ts';

interface CircuitOptions extends LedgerOptions {
  readonly json?: boolean;
}

/** The subscriber has no breaker, so nothing looks after its circuit. */
export class NoBreaker extends WaybillError {
  readonly code = 'no-breaker';
}

/** Adds `waybill pause`, `resume` and `probe`. */
export function addCircuit(program: Command, context: CommandContext): void {
  const pause = program
    .command('pause')
    .description('stop the handler of a subscriber; its messages wait, uncounted, until `waybill resume`');
  const resume = program.command('resume').description('let a paused subscriber, or one whose circuit is open, go on');
  const probe = program.command('probe').description('try the next messages of an open circuit now');
  for (const [operation, command] of Object.entries({ pause, resume, probe })) {
    command
      .argument('<subscriber>', 'the name of the subscriber, which has a breaker')
      .option('--json', 'print one JSON object');
    addLedgerOptions(command)
      .addHelpText('after', `\nExample:\n  $ waybill ${operation} take-payment`)
      .action(async (subscriber: string, options: CircuitOptions) => {
        const { environment, ...resolved } = await resolveLedger(options, context);
        const functions = await functionsOf(new LambdaClient(CLIENT_LIMITS), resolved.ledger);
        const controlQueueUrl = functions.find(({ name }) => name === subscriber)?.controlQueueUrl;
        const ledger = ledgerOf(environment, resolved);
        const asked = { subscriber, operation: operation as Operation, controlQueueUrl, json: options.json };
        await change(ledger, asked, context);
      });
  }
}

interface Change {
  readonly subscriber: string;
  readonly operation: Operation;
  /** The queue that the subscriber's function is bound to; absent where it has no breaker. */
  readonly controlQueueUrl: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Changes the circuit of a subscriber, and says what it is now.
 *
 * @throws UnknownSubscriber when there is none of the name
 * @throws NoBreaker when it has no breaker
 */
export async function change(
  ledger: Ledger,
  { subscriber, operation, controlQueueUrl, json }: Change,
  context: CommandContext,
): Promise<void> {
  routesOf(await readGraph(ledger), subscriber);
  if (!controlQueueUrl) {
    throw new NoBreaker(`'${subscriber}' has no breaker: give its Subscriber a \`breaker\`, and deploy it`);
  }
  const circuit = standing(subscriber, await operate(ledger, subscriber, operation, controlQueueUrl));
  if (json) return printJson(context, circuit);
  print(context, inWords(circuit));
}

/** Says of each subscriber whether its handler runs, and how much it takes on at once where that is scaled. */
export async function listSubscribers(
  ledger: Ledger,
  { json }: CircuitOptions,
  context: CommandContext,
): Promise<void> {
  const { subscribers } = await readGraph(ledger);
  const listed = await Promise.all(
    subscribers.map(async (one): Promise<Standing & { readonly scale?: Scale }> => {
      const [circuit, row] = await Promise.all([readCircuit(ledger, one), readScale(ledger, one)]);
      const scale = scaleOf(row);
      return { ...standing(one, circuit), ...(scale && { scale }) };
    }),
  );
  if (json) return printJson(context, { subscribers: listed });
  if (listed.length === 0) print(context, 'There is no subscriber.');
  for (const one of listed) {
    print(context, inWords(one));
    if (one.scale) print(context, `  ${scaleInWords(one.scale)}`);
  }
}

interface Standing {
  readonly subscriber: string;
  readonly state: 'closed' | 'open' | 'halfOpen';
  readonly by?: string;
  /** When it came into this state, and when probes begin. */
  readonly since?: string;
  readonly retryAt?: string;
  readonly reason?: string;
}

function standing(subscriber: string, row: CircuitRow | undefined): Standing {
  const { state = 'closed', by, since, retryAt, reason } = row ?? {};
  if (state === 'closed') return { subscriber, state };
  return {
    subscriber,
    state,
    ...(by && { by }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(retryAt !== undefined && { retryAt: new Date(retryAt).toISOString() }),
    ...(reason !== undefined && { reason }),
  };
}

function inWords({ subscriber, state, by, since, retryAt, reason }: Standing): string {
  if (state === 'closed') return `${subscriber}: runs`;
  if (by === 'operator') return `${subscriber}: paused by an operator since ${since}`;
  const next = state === 'halfOpen' ? 'probes are under way' : `probes begin at ${retryAt}`;
  return `${subscriber}: its circuit is open since ${since}, for ${reason}; ${next}`;
}
