/**
 * How far from their moment delayed messages are handled: messages with delays from 5 s to 3 min, through the ledger, the
 * relay and the queue of an embedded engine, to a handler that notes the time. Elapsed time counts, so the machine should
 * have nothing else to do.
 *
 * `npm run bench -- delay [--count 200] [--shortest 5s] [--longest 3m] [--json]`
 */
import { parseArgs } from 'node:util';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Duration, durationToMilliseconds, tableBinding } from 'waybill';
import { createEnvironment, type Environment, publish } from 'waybill/runtime';
import { percentile } from '../lib/cli/demo/verdict.ts';
import { deployApp, environmentFor, startEngine } from '../lib/local/index.ts';
import { Arrivals, ReminderDue } from './delay/contract.ts';
import { STACK_NAME, variablesOf } from './delay/deployment.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';

/** So many reminders come at the start, undelayed and uncounted: the functions are warm then. */
const WARM_UP = 10;
/** How long after the last moment a message may still come. */
const PATIENCE = 60_000;
/** Either way from its moment. */
const MARK = 1_000;

interface Arrival {
  readonly reminderId: string;
  readonly deliverAt: number;
  readonly handledAt: number;
}

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

const say = (line: string) => process.stderr.write(`${line}\n`);
const engine = await startEngine({ report: say });
try {
  Object.assign(process.env, environmentFor(engine));
  const root = new URL('..', import.meta.url).pathname;
  const app = 'node --conditions=waybill-source bench/delay/app.ts';
  const outputs = await deployApp({ target: engine, app, cwd: root, stacks: [STACK_NAME], report: say });
  report(await measure(createEnvironment(variablesOf(outputs[STACK_NAME] ?? {}))));
} finally {
  await engine.stop();
}

async function measure(environment: Environment): Promise<Arrival[]> {
  for (let index = 0; index < WARM_UP; index++) await remind(environment, `warm-up-${index}`, Date.now());
  await arrivalsOf(environment, 'warm-up-', WARM_UP, Date.now() + PATIENCE);

  say(`${count} messages, due ${values.shortest} to ${values.longest} after they are sent`);
  // Their moments are spread evenly over the span, whatever the order in which they are sent.
  const delays = Array.from({ length: count }, (_, index) => shortest + ((longest - shortest) * (index + 1)) / count);
  let last = 0;
  for (const [index, delay] of delays.entries()) {
    const deliverAt = Date.now() + Math.round(delay);
    last = Math.max(last, deliverAt);
    await remind(environment, `reminder-${index}`, deliverAt);
  }
  return arrivalsOf(environment, 'reminder-', count, last + PATIENCE);
}

async function remind(environment: Environment, reminderId: string, deliverAt: number): Promise<void> {
  await publish(ReminderDue, { reminderId, deliverAt }, { environment, deliverAt: new Date(deliverAt) });
}

/** Waits until so many have come. @throws Error naming how many have not */
async function arrivalsOf(
  environment: Environment,
  prefix: string,
  expected: number,
  until: number,
): Promise<Arrival[]> {
  for (;;) {
    const arrivals = (await scan(environment)).filter(({ reminderId }) => reminderId.startsWith(prefix));
    if (arrivals.length >= expected) return arrivals;
    const now = Date.now();
    if (now > until) throw new Error(`${expected - arrivals.length} of ${expected} messages did not arrive`);
    await environment.sleep(Math.min(5_000, Math.max(200, until - PATIENCE - now)));
  }
}

async function scan(environment: Environment): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await environment.dynamodb.send(
      new ScanCommand({
        TableName: environment.variables[tableBinding(Arrivals.name)],
        ConsistentRead: true,
        ...(from && { ExclusiveStartKey: from as never }),
      }),
    );
    for (const item of page.Items ?? []) arrivals.push(unmarshall(item) as Arrival);
    from = page.LastEvaluatedKey;
  } while (from);
  return arrivals;
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
  console.log(`early      ${result.early}`);
  console.log(`p50 error  ${result.p50ErrorMs} ms`);
  console.log(`p99 error  ${result.p99ErrorMs} ms (mark: ${MARK})`);
  console.log(`max error  ${result.maxErrorMs} ms`);
}
