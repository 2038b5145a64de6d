/**
 * How far from their moment delayed messages are handled: messages with delays from 5 s to 3 min, through the ledger, the
 * relay and the queue of an embedded engine, to a handler that notes the time. Elapsed time counts, so the machine should
 * have nothing else to do.
 *
 * `npm run bench -- delay [--count 200] [--shortest 5s] [--longest 3m] [--json]`
 */

import { parseArgs } from 'node:util';
import type { Duration } from 'waybill';
import { createEnvironment, publish } from 'waybill/runtime';
import { percentile } from '../demo/verdict.ts';
import { durationToMilliseconds } from '../lib/contract/duration.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { type Arrival, waitForArrivals } from './reminders/arrivals.ts';
import { ReminderDue } from './reminders/contract.ts';
import { type Reminders, withReminders } from './reminders/deployment.ts';
import { figure } from './table.ts';

/** So many reminders come at the start, undelayed and uncounted: the functions are warm then. */
const WARM_UP = 10;
/** How long after the last moment a message may still come. */
const PATIENCE = 60_000;
/** Milliseconds from its moment. */
const MARK = 1_000;
/** Milliseconds between two looks: each costs the engine time that the messages need. */
const QUIET = 5_000;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    shortest: { type: 'string', default: '5s' },
    longest: { type: 'string', default: '3m' },
    json: { type: 'boolean', default: false },
  },
});
const count = wholeNumber('count', values.count);
const shortest = durationToMilliseconds(values.shortest as Duration);
const longest = durationToMilliseconds(values.longest as Duration);
if (longest < shortest) throw new RangeError(`--longest ${values.longest} is less than --shortest ${values.shortest}`);

report(await withReminders(measure));

async function measure({ variables }: Reminders): Promise<Arrival[]> {
  const environment = createEnvironment(variables);
  const remind = (reminderId: string, deliverAt: number) =>
    publish(ReminderDue, { reminderId, deliverAt }, { environment, deliverAt: new Date(deliverAt) });
  const now = environment.now();
  for (let index = 0; index < WARM_UP; index++) await remind(`warm-up-${index}`, now);
  await waitForArrivals(environment, { prefix: 'warm-up-', count: WARM_UP, until: now + PATIENCE, quiet: 200 });

  process.stderr.write(`${count} messages, due ${values.shortest} to ${values.longest} after they are sent\n`);
  let last = 0;
  for (let index = 0; index < count; index++) {
    const delay = shortest + ((longest - shortest) * (index + 1)) / count;
    const deliverAt = environment.now() + Math.round(delay);
    last = Math.max(last, deliverAt);
    await remind(`reminder-${index}`, deliverAt);
  }
  await environment.sleep(Math.max(0, last - environment.now()));
  return waitForArrivals(environment, { prefix: 'reminder-', count, until: last + PATIENCE, quiet: QUIET });
}

function report(arrivals: readonly Arrival[]): void {
  const errors = arrivals.map(({ deliverAt, handledAt }) => handledAt - deliverAt).sort((one, other) => one - other);
  const result = {
    count: errors.length,
    early: errors.filter((error) => error < 0).length,
    p50ErrorMs: percentile(errors, 0.5),
    p99ErrorMs: percentile(errors, 0.99),
    maxErrorMs: errors.at(-1) ?? 0,
  };
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(`${result.count} messages, due ${values.shortest} to ${values.longest} after they were sent.`);
  console.log(`${describeMachine(thisMachine())}\n`);
  console.log(`early ${result.early}; from its moment p50 ${result.p50ErrorMs} ms, p99 ${result.p99ErrorMs} ms, `);
  console.log(`at most ${result.maxErrorMs} ms.`);
  const reached = result.early === 0 && result.p99ErrorMs <= MARK;
  console.log(`\nMark: none early, p99 at most ${figure(MARK)} ms: ${reached ? 'reached' : 'MISSED'}.`);
}
