import { setTimeout as sleep } from 'node:timers/promises';
import { createEnvironment, type Environment } from 'waybill/runtime';
import type { Finding } from '../../demo/audit.ts';
import { auditRun, demandOf } from '../../demo/audit.ts';
import { FunctionLogs } from '../../demo/function-logs.ts';
import { ordersOfRun } from '../../demo/orders.ts';
import type { Order } from '../../examples/commerce/place-order.ts';
import { concurrently } from '../../lib/aws/concurrently.ts';
import { usageSince } from '../../lib/aws/invocation.ts';
import type { DeployedChain } from './deployed-chain.ts';
import { fillShelves, messagesIn, progressOf } from './progress.ts';

/** What a chain made of the orders. */
export interface ChainResult {
  readonly orders: number;
  /** From the first order until every order has its shipping note and is counted in the sales. */
  readonly seconds: number;
  readonly ordersPerSecond: number;
  readonly perOrder: {
    /** AWS calls by operation, the producer's and the functions'. */
    readonly callsByOperation: Readonly<Record<string, number>>;
    readonly calls: number;
    readonly writeUnits: number;
    readonly invocations: number;
  };
  /** What the books say when all is done, and once more after the copies. */
  readonly books: Books;
  readonly copies: number;
  readonly booksAfterCopies: Books;
}

export interface Books {
  readonly conserved: boolean;
  /** Effects that are not there, there more than once, or wrong otherwise: findings by the function whose they are. */
  readonly lost: Readonly<Record<string, number>>;
  readonly doubled: Readonly<Record<string, number>>;
  readonly wrong: Readonly<Record<string, number>>;
  readonly sums: readonly string[];
}

export interface MeasureOptions {
  /** The share of the messages that are sent again. */
  readonly again: number;
  /** Orders that go through the chain first, uncounted: functions start, and connections open. */
  readonly warmUp: readonly Order[];
}

const ORDERS_AT_ONCE = 16;
/** Milliseconds without any progress after which what is missing is lost. */
const PATIENCE = 100_000;
/** Milliseconds in which nothing may move before the copies count as dealt with. */
const QUIET = 4_000;
/** The same goods for the copies, should they be sold again: a shop that is sold out would hide it. */
const SPARE = 2;

/** Runs the orders through a chain, then sends some messages again. The SDK is configured by this process's environment. */
export async function measureChain(
  chain: DeployedChain,
  orders: readonly Order[],
  { again, warmUp }: MeasureOptions,
): Promise<ChainResult> {
  const observer = createEnvironment(chain.producer.variables);
  await runThrough(chain, observer, 'warm-up', warmUp);
  await untilQuiet(chain, observer, new FunctionLogs(chain.logGroups, observer.now()));

  const logs = new FunctionLogs(chain.logGroups, observer.now());
  const before = { ...chain.producer.usage, calls: { ...chain.producer.usage.calls } };
  const { seconds, submitted } = await runThrough(chain, observer, 'run', orders);
  const producer = usageSince(before, chain.producer.usage);
  await untilQuiet(chain, observer, logs);
  const { calls, writeUnits, invocations } = structuredClone(logs.usage);
  const books = await booksOf('run', submitted, observer);

  const copies = await chain.sendAgain(evenShare(submitted, again));
  await untilQuiet(chain, observer, logs);
  const booksAfterCopies = await booksOf('run', submitted, observer);

  const perOrder = (value: number) => value / orders.length;
  const callsByOperation = Object.fromEntries(
    [...new Set([...Object.keys(calls), ...Object.keys(producer.calls)])]
      .sort()
      .map((operation) => [operation, perOrder((calls[operation] ?? 0) + (producer.calls[operation] ?? 0))]),
  );
  return {
    orders: orders.length,
    seconds,
    ordersPerSecond: orders.length / seconds,
    perOrder: {
      callsByOperation,
      calls: Object.values(callsByOperation).reduce((sum, count) => sum + count, 0),
      writeUnits: perOrder(writeUnits + producer.writeUnits),
      invocations: perOrder(invocations),
    },
    ...{ books, copies, booksAfterCopies },
  };
}

async function runThrough(
  chain: DeployedChain,
  observer: Environment,
  run: string,
  orders: readonly Order[],
): Promise<{ readonly seconds: number; readonly submitted: readonly Order[] }> {
  const submitted = ordersOfRun(run, orders);
  await fillShelves(observer, new Map([...demandOf(submitted)].map(([sku, demand]) => [sku, SPARE * demand])));
  const started = performance.now();
  let moved = started;
  let before = '';
  await concurrently(ORDERS_AT_ONCE, submitted, (order) => chain.placeOrder(order));
  for (;;) {
    const looked = performance.now();
    const progress = await progressOf(observer, run);
    const now = performance.now();
    const isDone = progress.noted >= orders.length && progress.sold >= orders.length;
    if (JSON.stringify(progress) !== before) moved = now;
    before = JSON.stringify(progress);
    if (isDone || now - moved > PATIENCE) return { seconds: (now - started) / 1000, submitted };
    // Looking takes at most a fourth of the time, so that what is looked at gets on.
    await sleep(Math.max(50, 3 * (now - looked)));
  }
}

/** Waits until the queues are empty and no function has run for a while. */
async function untilQuiet(chain: DeployedChain, observer: Environment, logs: FunctionLogs): Promise<void> {
  const started = performance.now();
  let moved = started;
  let before = -1;
  while (performance.now() - moved < QUIET && performance.now() - started < PATIENCE) {
    await sleep(QUIET / 8);
    const { invocations } = await logs.poll();
    if (invocations !== before || (await messagesIn(observer, chain.queueUrls)) > 0) moved = performance.now();
    before = invocations;
  }
}

async function booksOf(run: string, submitted: readonly Order[], observer: Environment): Promise<Books> {
  const { conserved, findings, sums } = await auditRun(run, submitted, {}, observer);
  const byStep = (kind: Finding['kind']) =>
    Object.fromEntries(
      [...Map.groupBy(findings, ({ step }) => step)]
        .map(([step, some]) => [step, some.filter((finding) => finding.kind === kind).length] as const)
        .filter(([, count]) => count > 0),
    );
  return { conserved, lost: byStep('lost'), doubled: byStep('doubled'), wrong: byStep('wrong'), sums };
}

function evenShare<Item>(items: readonly Item[], share: number): Item[] {
  return items.filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share));
}
