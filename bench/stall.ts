/**
 * How soon a watcher tells that handlers hang: drills on an embedded engine, one after another. In each the provider answers at
 * once for a while, then not at all for a while, and then everybody. Nothing fails: no attempt, no error, no dead letter.
 *
 * `npm run bench -- stall [--drills 3] [--rate 5] [--json]`
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { BINDINGS } from 'waybill';
import { createEnvironment, type Environment, publish } from 'waybill/runtime';
import { FailingProvider } from '../demo/drills/failing-provider.ts';
import { ChargeRequested } from '../examples/breaker/contract.ts';
import { functionsOf } from '../lib/cli/deployed-functions.ts';
import { LogTail } from '../lib/cli/log-tail.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { type Deployed, withDrills } from './outage/deployment.ts';
import { deadLettered } from './outage/drill.ts';
import { figure } from './table.ts';

/** Milliseconds from the first handler that hangs until the watcher tells. */
const MARK = 15_000;
/** What hung is slow, too: until it is no more among what was committed lately, the next is told later. */
const HEALTHY_MS = 200_000;
const HANGING_MS = 40_000;
/** An invocation that watches logs what it has told when it ends. */
const LOGGED_MS = 75_000;
const PATIENCE_MS = 120_000;

interface Result {
  /** Of each drill; null where the watcher told nothing while handlers hung. */
  readonly toldAfterMs: readonly (number | null)[];
  /** What it told while all was well. */
  readonly falseAlarms: number;
  readonly cause: string | undefined;
  readonly deadLettered: number;
}

const { values } = parseArgs({
  options: {
    drills: { type: 'string', default: '3' },
    rate: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const drills = wholeNumber('drills', values.drills);
const rate = wholeNumber('rate', values.rate);

const provider = await FailingProvider.open();
try {
  const app = { file: 'bench/stall/app.ts', stack: 'StallDrill' };
  report(await withDrills(provider.url, measure, app));
} finally {
  provider.close();
}

async function measure(deployed: Deployed): Promise<Result> {
  const environment = createEnvironment({ [BINDINGS.ledger]: deployed.ledger, [BINDINGS.shards]: deployed.shards });
  const began = Date.now();
  const hung: { readonly from: number; readonly to: number }[] = [];
  let published = 0;
  for (let drill = 0; drill < drills; drill++) {
    published += await load(environment, published, HEALTHY_MS);
    const hangsAt = Date.now();
    provider.hangs = true;
    published += await load(environment, published, HANGING_MS);
    provider.hangs = false;
    hung.push({ from: provider.calls.find(({ at }) => at >= hangsAt)?.at ?? hangsAt, to: Date.now() });
    await untilCharged(published);
    process.stderr.write(`drill ${drill + 1}: ${published} charged\n`);
  }
  await sleep(LOGGED_MS);
  const told = await toldSince(deployed.ledger, began);
  const since = ({ at, cause }: { readonly at: number; readonly cause: string }) => ({ after: at - began, cause });
  process.stderr.write(`told: ${JSON.stringify(told.map(since))}\n`);
  const during = hung.map(({ from, to }) => told.find(({ at }) => at >= from && at <= to));
  return {
    toldAfterMs: during.map((one, index) => (one ? one.at - (hung[index]?.from ?? 0) : null)),
    falseAlarms: told.filter(({ at }) => !hung.some(({ from, to }) => at >= from && at <= to)).length,
    cause: during[0]?.cause,
    deadLettered: await deadLettered(environment, deployed.deadLetterQueueUrl),
  };
}

/** Publishes for so long. Answers with how many. */
async function load(environment: Environment, first: number, milliseconds: number): Promise<number> {
  const until = Date.now() + milliseconds;
  let count = 0;
  for (let next = Date.now(); next < until; next += 1_000 / rate) {
    await sleep(Math.max(0, next - Date.now()));
    await publish(ChargeRequested, { orderId: `stall-${first + count++}`, amountCents: 990 }, { environment });
  }
  return count;
}

async function untilCharged(published: number): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; provider.charged.size < published; await sleep(250)) {
    if (Date.now() > end) throw new Error(`${provider.charged.size} of ${published} charges after ${PATIENCE_MS} ms`);
  }
}

/** What watchers have told of subscribers that stand still, by the moment that their lines say. */
async function toldSince(ledger: string, from: number): Promise<{ readonly at: number; readonly cause: string }[]> {
  const functions = await functionsOf(new LambdaClient({}), ledger);
  const lines = await new LogTail(new CloudWatchLogsClient({}), functions, from).read();
  return lines
    .filter(({ text }) => text.includes('subscriber stands still'))
    .map(({ text }) => JSON.parse(text) as { readonly timestamp: string; readonly cause: string })
    .map(({ timestamp, cause }) => ({ at: Date.parse(timestamp), cause }));
}

function report(result: Result): void {
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  const { toldAfterMs, falseAlarms, cause } = result;
  const slowest = Math.max(...toldAfterMs.map((one) => one ?? Number.POSITIVE_INFINITY));
  console.log(`${drills} times handlers hung, ${rate} messages a second. ${describeMachine(thisMachine())}\n`);
  console.log(`told after ${toldAfterMs.map((one) => (one === null ? 'never' : `${one} ms`)).join(', ')}: ${cause}`);
  console.log(`told while all was well: ${falseAlarms}; dead letters: ${result.deadLettered}`);
  const reached = slowest <= MARK && falseAlarms === 0 && result.deadLettered === 0;
  console.log(`\nMark: at most ${figure(MARK)} ms: ${reached ? 'reached' : 'MISSED'}.`);
}
