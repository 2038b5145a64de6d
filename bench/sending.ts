/**
 * The ways of sending a message beside one another: what each costs in calls and write units, and how long it takes until
 * the caller knows, and until the subscriber has handled it.
 *
 * `npm run bench -- sending [--count 200] [--json]`
 */
import { parseArgs } from 'node:util';
import { createEnvironment, type Environment, producer, publish } from 'waybill/runtime';
import { FunctionLogs } from '../demo/function-logs.ts';
import { percentile } from '../demo/verdict.ts';
import { concurrently } from '../lib/aws/concurrently.ts';
import { usageSince } from '../lib/aws/invocation.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { waitForArrivals } from './reminders/arrivals.ts';
import { ReminderDue } from './reminders/contract.ts';
import { type Reminders, withReminders } from './reminders/deployment.ts';
import { figure, table } from './table.ts';

const WARM_UP = 20;
const SENT_AT_ONCE = 4;
const PATIENCE = 60_000;
/** Longer than the functions' last lines take to become readable, and than a half message's first check-back. */
const SETTLED = 12_000;
const QUIET = 2_000;

type Send = (environment: Environment, reminderId: string) => Promise<unknown>;
/** What is to be handled at once carries the moment at which it was sent. */
const reminder = (reminderId: string) => ({ reminderId, deliverAt: Date.now() });
const MINUTE = 60_000;

const WAYS: Readonly<Record<string, Send>> = {
  outbox: (environment, id) => publish(ReminderDue, reminder(id), { environment }),
  handshake: (environment, id) => producer.send(ReminderDue, reminder(id), { environment }),
  'half message': async (environment, id) => {
    const half = await producer.prepare(ReminderDue, reminder(id), { transactionId: id, environment });
    return half.commit();
  },
  'delayed, past 15 min': (environment, id) =>
    publish(ReminderDue, reminder(id), { environment, deliverAt: new Date(Date.now() + 20 * MINUTE) }),
};

/** Figures are a message's. */
interface Result {
  readonly way: string;
  readonly producer: { readonly calls: number; readonly writeUnits: number };
  /** The functions on the message's way, its handling included. */
  readonly functions: { readonly calls: number; readonly writeUnits: number };
  /** Milliseconds until the caller knows that it was sent. */
  readonly known: Latency;
  /** Milliseconds from the call until the handler runs; absent where that is to be later. */
  readonly handled?: Latency;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

const { values } = parseArgs({
  options: { count: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } },
});
const count = wholeNumber('count', values.count);

report(await withReminders(measure));

async function measure(deployed: Reminders): Promise<Result[]> {
  const results: Result[] = [];
  for (const [way, send] of Object.entries(WAYS)) {
    process.stderr.write(`${count} messages by ${way}\n`);
    await run(deployed, `warm-up ${way}`, send, WARM_UP);
    results.push({ way, ...(await run(deployed, way, send, count)) });
  }
  return results;
}

async function run(
  { variables, logGroups }: Reminders,
  way: string,
  send: Send,
  messages: number,
): Promise<Omit<Result, 'way'>> {
  const environment = createEnvironment(variables);
  const logs = new FunctionLogs(logGroups, environment.now());
  const ids = Array.from({ length: messages }, (_, index) => `${way} ${index}`);
  const known = await concurrently(SENT_AT_ONCE, ids, async (id) => {
    const started = performance.now();
    await send(environment, id);
    return performance.now() - started;
  });
  const spent = usageSince({ calls: {}, writeUnits: 0, readUnits: 0 }, environment.usage);

  const observer = createEnvironment(variables);
  const until = observer.now() + PATIENCE;
  const isLater = way.includes('delayed');
  const arrivals = isLater
    ? undefined
    : await waitForArrivals(observer, { prefix: `${way} `, count: messages, until, quiet: QUIET });
  await observer.sleep(SETTLED);
  const { calls, writeUnits } = await logs.poll();
  return {
    producer: { calls: sum(spent.calls) / messages, writeUnits: spent.writeUnits / messages },
    functions: { calls: sum(calls) / messages, writeUnits: writeUnits / messages },
    known: latency(known),
    ...(arrivals && { handled: latency(arrivals.map(({ deliverAt, handledAt }) => handledAt - deliverAt)) }),
  };
}

function sum(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((all, one) => all + one, 0);
}

function latency(milliseconds: readonly number[]): Latency {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

function report(results: readonly Result[]): void {
  if (values.json) {
    console.log(JSON.stringify({ machine: thisMachine(), count, results }));
    return;
  }
  console.log(
    `${count} messages each, ${SENT_AT_ONCE} at once; calls and write units a message, times in milliseconds.`,
  );
  console.log(`${describeMachine(thisMachine())}\n`);
  const rows = results.map(({ way, producer: own, functions, known, handled }) => [
    way,
    figure(own.calls),
    figure(own.writeUnits),
    figure(functions.calls),
    figure(functions.writeUnits),
    `${figure(known.p50)} / ${figure(known.p99)}`,
    handled ? `${figure(handled.p50)} / ${figure(handled.p99)}` : 'later',
  ]);
  const head = ['', 'calls', 'write units', 'calls after', 'write units after', 'known p50 / p99', 'handled p50 / p99'];
  console.log(table(head, rows));
}
