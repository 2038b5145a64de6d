import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, Option } from 'commander';
import { WaybillError } from 'waybill';
import type { Order } from '../examples/commerce/place-order.ts';
import { type CommandContext, print, printJson, processContext } from '../lib/cli/command-context.ts';
import { createCommandLine, runCommandLine } from '../lib/cli/command-line.ts';
import { awaitInterruption } from '../lib/cli/interruption.ts';
import { reconciliationTable } from '../lib/cli/reconciliation-table.ts';
import { useTarget } from '../lib/cli/use-target.ts';
import { deployApp, resolveEngine, type Target } from '../lib/local/index.ts';
import { deploymentOf, STACK_NAME } from './deployment.ts';
import { FailingProvider } from './drills/failing-provider.ts';
import {
  COURIER_DEADLINE_MS,
  flashSaleProblems,
  flashSaleSummary,
  runFlashSale,
  THRESHOLDS,
} from './drills/flash-sale.ts';
import { startKilling } from './drills/kill-drill.ts';
import { outageProblems, outageSummary, runOutage } from './drills/outage.ts';
import { DEADLINE_MS } from './drills/sabotage.ts';
import { runSabotaged, type SabotagedRun, sabotageProblems } from './drills/sabotaged-run.ts';
import { generateOrders, readOrders } from './orders.ts';
import { PaymentProvider } from './payment-provider.ts';
import { providerVerdict } from './provider-audit.ts';
import { type FinishedRun, runOrders } from './run.ts';
import { problemsOf, summaryOf, whereToLook } from './summary.ts';

interface DemoOptions {
  readonly orders?: string;
  readonly count?: number;
  readonly duplicates: number;
  readonly poison: number;
  readonly seed: number;
  readonly onBadLine: 'skip' | 'stop';
  readonly json?: boolean;
  readonly aws?: boolean;
  readonly sabotage?: boolean;
  readonly outage?: boolean;
  readonly flashSale?: boolean;
  readonly kills?: number;
}

/** What a drill came to, after the orders: keys of the object of `--json`, lines, and what is wrong. */
interface Drill {
  readonly verdict: object;
  readonly summary: readonly string[];
  readonly problems: readonly string[];
}

type DemoRun = FinishedRun & Partial<SabotagedRun> & { readonly drill?: Drill | undefined };

const DEFAULT_COUNT = 300;
/** Each kill ends what several orders were at, and each order is charged by one request mostly. */
const ORDERS_A_KILL = 3;
const HOUR_MS = 3_600_000;
/** The stacks of the drills. */
const OUTAGE_STACK = 'Charges';
const SALE_STACK = 'FlashSale';
/** The folder of `cdk.json`. */
const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));

/** There is nothing to run. */
class NoOrders extends WaybillError {
  readonly code = 'no-orders';
}

/** Runs one command line of the demo (without node and script) and answers with the exit code. */
export function runDemo(parameters: readonly string[], context: CommandContext = processContext()): Promise<number> {
  const count = `how many orders to run; default: ${DEFAULT_COUNT} made up, or the whole file`;
  const sabotage =
    'refuse, delete and drop messages, block a subscriber and remove one; show that each is named, and healed or abandoned';
  const program = createCommandLine('npm start --', context)
    .showHelpAfterError('(`npm start -- --help` lists the options)')
    .description('deploy the example shop, run orders through it, and prove what became of them')
    .option('--orders <file>', 'run the orders of a CSV file: order_id, customer_id, date, quantity, amount_usd')
    .option('--count <number>', count, wholeNumber)
    .option(
      '--duplicates <share>',
      'send this share of messages twice, and submit this share of orders twice',
      share,
      0,
    )
    .option('--poison <share>', 'put this share of records on the wire that no subscriber can handle', share, 0)
    .option('--seed <number>', 'make the orders up from this number', wholeNumber, 1)
    .addOption(
      new Option('--on-bad-line <what>', 'what to do with a line of the file that is no order')
        .choices(['skip', 'stop'])
        .default('skip'),
    )
    .option('--json', 'print one JSON object instead of the summary, and keep nothing running')
    .option('--aws', 'use the real AWS: it costs money, and the stack stays until it is destroyed')
    .addOption(new Option('--sabotage', sabotage).conflicts(['aws', 'duplicates', 'poison']))
    .addOption(
      new Option(
        '--outage',
        'have a provider fail for a minute; show that the breaker opens, and that nothing is buried',
      ).conflicts(['aws', 'sabotage']),
    )
    .addOption(
      new Option(
        '--flash-sale',
        'have thousands order one product at once; show the alarm, the hop at which orders are stuck, and the scaler at work',
      ).conflicts(['aws', 'sabotage', 'outage']),
    )
    .addOption(
      new Option(
        '--kills <number>',
        'kill the function that pays so often, around its charges; show that the provider has charged each order once',
      )
        .argParser(wholeNumber)
        .conflicts(['aws', 'sabotage', 'outage', 'flashSale']),
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ npm start -- --count 500 --duplicates 0.1 --poison 0.05\n  $ npm start -- --sabotage\n  $ npm start -- --outage\n  $ npm start -- --flash-sale\n  $ npm start -- --kills 20',
    )
    .action((options: DemoOptions) => demo(options, context));
  return runCommandLine(program, parameters, context);
}

async function demo(options: DemoOptions, context: CommandContext): Promise<void> {
  const { progress, environment } = context;
  const orders = await ordersOf(options, context);
  const interruption = awaitInterruption();
  const { signal } = interruption;
  try {
    const aws = options.aws && { aws: true };
    const target = await resolveEngine({ environment, report: progress.step, ...aws });
    // From the real AWS, nothing on this machine can be reached.
    const provider = options.aws ? undefined : await PaymentProvider.open();
    try {
      signal.throwIfAborted();
      progress.done(target.kind === 'aws' ? 'Using the real AWS' : `The engine runs at ${target.endpoint}`);
      const finished = await deployAndRun({ orders, target, provider, signal }, options, context);
      const staysUp = !target.owned || (context.err.isTTY === true && !options.json);
      if (report(finished, staysUp, options, context) > 0) context.exitCode = 1;
      if (target.owned && staysUp) await stayUp(target, context, signal);
    } finally {
      provider?.close();
      if (target.owned) {
        progress.step('Ending the engine');
        await target.stop();
        progress.done('The engine is ended');
      }
    }
  } catch (error) {
    // Whatever fails once the end has begun fails because of that.
    throw signal.aborted ? signal.reason : error;
  } finally {
    interruption.release();
  }
}

/** The orders to run. What is wrong with a file is said before anything is started. */
async function ordersOf(options: DemoOptions, { progress }: CommandContext): Promise<readonly Order[]> {
  const { orders: file, count, seed, onBadLine, kills = 0 } = options;
  if (!file) return generateOrders(count ?? Math.max(DEFAULT_COUNT, ORDERS_A_KILL * kills), seed);
  const { orders, badLines } = await readOrders(file, onBadLine);
  for (const { line, reason } of badLines) progress.note(`line ${line} of ${file} is no order: ${reason}`);
  const skipped = badLines.length > 0 ? `, ${badLines.length} bad lines skipped` : '';
  progress.done(`${file}: ${orders.length} orders${skipped}`);
  if (orders.length === 0) throw new NoOrders(`${file} holds no order: give a file with at least one line that is one`);
  return orders.slice(0, count);
}

interface Stage {
  readonly orders: readonly Order[];
  readonly target: Target;
  /** Whom the shop has charge its orders. */
  readonly provider: PaymentProvider | undefined;
  readonly signal: AbortSignal;
}

async function deployAndRun(
  { orders, target, provider, signal }: Stage,
  { duplicates, poison, sabotage, outage, flashSale, kills }: DemoOptions,
  { progress }: CommandContext,
): Promise<DemoRun> {
  const failing = outage ? await FailingProvider.open() : undefined;
  const context = {
    disposable: 'true',
    ...(sabotage && { deadline: String(DEADLINE_MS / 1000) }),
    ...(provider && { paymentProvider: provider.url }),
    ...(failing && { provider: failing.url }),
    ...(flashSale && { flashSale: JSON.stringify({ ...THRESHOLDS, deadlineSeconds: COURIER_DEADLINE_MS / 1_000 }) }),
  };
  const stacks = [STACK_NAME, ...(failing ? [OUTAGE_STACK] : []), ...(flashSale ? [SALE_STACK] : [])];
  const stack = { target, cwd: REPOSITORY, context, stacks };
  const outputs = await deployApp({ ...stack, report: progress.step, signal });
  progress.done('The shop is deployed');
  useTarget(target);
  const deployment = deploymentOf(outputs[STACK_NAME] ?? {});
  const options = { deployment, orders, provider, progress, signal };
  const killing = kills === undefined ? undefined : await startKilling({ target, deployment, provider, times: kills });
  const running = sabotage ? runSabotaged(options, progress) : runOrders({ ...options, duplicates, poison });
  const finished = await running.finally(killing?.restore);
  progress.done(`${orders.length} orders went through the shop`);
  const drill = { outputs: outputs[flashSale ? SALE_STACK : OUTAGE_STACK] ?? {}, report: progress.done, signal };
  if (flashSale) return { ...finished, drill: await sell(drill) };
  if (killing) return { ...finished, drill: killing.killer.drill };
  if (!failing) return finished;
  try {
    return { ...finished, drill: await fail({ ...drill, provider: failing }) };
  } finally {
    failing.close();
  }
}

async function sell(options: Parameters<typeof runFlashSale>[0]): Promise<Drill> {
  const sale = await runFlashSale(options);
  const { flashSale } = sale;
  return { verdict: { flashSale }, summary: flashSaleSummary(sale), problems: flashSaleProblems(sale) };
}

async function fail(options: Parameters<typeof runOutage>[0]): Promise<Drill> {
  const drill = await runOutage(options);
  const { outage } = drill;
  return { verdict: { outage }, summary: outageSummary(drill), problems: outageProblems(drill) };
}

/** Prints what a run came to, and says how many problems there are. */
function report(run: DemoRun, staysUp: boolean, options: DemoOptions, context: CommandContext): number {
  const { verdict, reconciliation, sabotage, drill } = run;
  const problems = [
    ...problemsOf(run),
    ...(sabotage ? sabotageProblems(sabotage.verdict) : []),
    ...(drill?.problems ?? []),
  ];
  for (const line of problems) context.progress.note(line);
  if (options.json) {
    const provider = run.provider && { provider: providerVerdict(run.provider) };
    printJson(context, { ...verdict, ...provider, ...sabotage?.verdict, ...drill?.verdict });
  }
  const bad = `Lost: ${verdict.lost.length}, doubled: ${verdict.doubled.length}. This run does not prove what it should.`;
  const lines = [
    ...[
      ...summaryOf(run),
      ...(sabotage?.summary ?? []),
      ...(drill?.summary ?? []),
      ...reconciliationTable(reconciliation),
    ],
    problems.length > 0 ? bad : 'Nothing lost, nothing doubled, everything adds up.',
    ...whereToLook(run, sabotage?.verdict.sabotage.map(({ id }) => id) ?? [], !staysUp),
  ];
  // The result in words goes to stdout, unless an object does.
  for (const line of lines) options.json ? context.progress.note(line) : print(context, line);
  return problems.length;
}

/** Leaves the engine to the person at the terminal until Ctrl-C. */
async function stayUp(target: Target, { progress }: CommandContext, signal: AbortSignal): Promise<void> {
  for (const line of [
    `The shop stays up at ${target.endpoint} until Ctrl-C. In another terminal:`,
    '  npm start -- --count 1000 --duplicates 0.1 --poison 0.05    run more orders through it',
    '  npm start -- --orders orders.csv                            run your own',
    '  npm run waybill status                                      where it runs, for AWS tools',
  ]) {
    progress.note(line);
  }
  // A timer keeps the process alive.
  while (!signal.aborted) await sleep(HOUR_MS, undefined, { signal }).catch(() => undefined);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 1_000_000) return number;
  throw new InvalidArgumentError('It is a whole number from 1 to 1000000.');
}

function share(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('It is a share from 0 to 1, such as 0.1.');
}
