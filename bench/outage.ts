/**
 * How long handlers go on running when what they depend on fails: drills under load, one after another, on an embedded engine.
 * In each the provider is well for a while, fails, and is well again; the next begins when the circuit has closed, all that
 * was published has been handled, and the event source has its whole load back. Elapsed time counts, so the machine should have
 * nothing else to do: how busy it was is told.
 *
 * `npm run bench -- outage [--drills 20] [--rate 200] [--healthy 12s] [--json]`
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BINDINGS, type Duration } from 'waybill';
import { createEnvironment } from 'waybill/runtime';
import { FailingProvider } from '../demo/drills/failing-provider.ts';
import { durationToMilliseconds } from '../lib/contract/duration.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { type Deployed, withDrills } from './outage/deployment.ts';
import { type Drilled, deadLettered, drillOnce } from './outage/drill.ts';
import { figure } from './table.ts';

/** Milliseconds from the first failure to the last handler run. */
const MARK = 5_000;

interface Result {
  /** Messages a second that were asked for, and that were published and handled while all was well, on average and at least. */
  readonly rate: number;
  readonly published: { readonly mean: number; readonly least: number };
  readonly handled: { readonly mean: number; readonly least: number };
  readonly slowestLastRunAfterMs: number;
  readonly medianLastRunAfterMs: number;
  readonly deadLettered: number;
  /** The mean load of the machine in the last minute, at the end of each drill: the least and the most. */
  readonly load: { readonly least: number; readonly most: number };
  readonly drills: readonly Drilled[];
}

const { values } = parseArgs({
  options: {
    drills: { type: 'string', default: '20' },
    rate: { type: 'string', default: '200' },
    healthy: { type: 'string', default: '12s' },
    json: { type: 'boolean', default: false },
  },
});
const drills = wholeNumber('drills', values.drills);
const rate = wholeNumber('rate', values.rate);
const healthyMs = durationToMilliseconds(values.healthy as Duration);

const provider = await FailingProvider.open();
try {
  report(await withDrills(provider.url, measure));
} finally {
  provider.close();
}

async function measure(deployed: Deployed): Promise<Result> {
  const environment = createEnvironment({ [BINDINGS.ledger]: deployed.ledger, [BINDINGS.shards]: deployed.shards });
  // Functions that have never run start slowly: the first outage is not counted.
  await drillOnce({ environment, provider, rate, healthyMs, drill: 0 });
  const results: Drilled[] = [];
  const loads: number[] = [];
  for (let drill = 1; drill <= drills; drill++) {
    const result = await drillOnce({ environment, provider, rate, healthyMs, drill });
    results.push(result);
    loads.push(loadavg()[0] ?? 0);
    process.stderr.write(`drill ${drill}: ${JSON.stringify(result)}\n`);
  }
  const lasts = results.map(({ lastRunAfterMs }) => lastRunAfterMs).sort((one, other) => one - other);
  return {
    rate,
    published: summaryOf(results.map(({ published }) => published)),
    handled: summaryOf(results.map(({ handled }) => handled)),
    slowestLastRunAfterMs: lasts.at(-1) ?? 0,
    medianLastRunAfterMs: lasts[Math.floor(lasts.length / 2)] ?? 0,
    deadLettered: await deadLettered(environment, deployed.deadLetterQueueUrl),
    load: { least: Math.min(...loads), most: Math.max(...loads) },
    drills: results,
  };
}

function summaryOf(numbers: readonly number[]) {
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  return { mean: Math.round(mean), least: Math.min(...numbers) };
}

function report(result: Result): void {
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  const { published, handled, slowestLastRunAfterMs: slowest, medianLastRunAfterMs: median, load } = result;
  console.log(`${drills} outages, ${rate} messages a second asked for, ${values.healthy} after all was well.`);
  console.log(`${describeMachine(thisMachine())}; load ${load.least} to ${load.most}\n`);
  console.log(
    `published ${published.mean} a second (at least ${published.least}), handled ${handled.mean} (${handled.least})`,
  );
  console.log(`from the first failure to the last handler run: median ${median} ms, slowest ${slowest} ms`);
  console.log(`dead letters: ${result.deadLettered}`);
  const reached = slowest <= MARK && result.deadLettered === 0 && handled.least >= rate * 0.95;
  console.log(
    `\nMark: at most ${figure(MARK)} ms at ${rate} a second, nothing buried: ${reached ? 'reached' : 'MISSED'}.`,
  );
}
