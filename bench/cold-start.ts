/**
 * How long a cold process takes until its first invocation has ended: a function of the example shop beside the same work with
 * Powertools' batch, idempotency, parser, logger and metrics. Both are bundled as they are deployed, and speak to a server on
 * this machine that answers each request at once. Fresh processes in turn.
 *
 * `npm run bench -- cold-start [--rounds 25] [--json]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BINDINGS, tableBinding } from 'waybill';
import { OrderPlaced } from '../examples/commerce/contract.ts';
import { createEnvelope, encodeEnvelope } from '../lib/message/envelope.ts';
import { bundled } from './cold-start/bundle.ts';
import { lambdaContext, sqsBatch } from './handler/sqs-batch.ts';
import { orderPlaced } from './handler/workload.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { median } from './rounds.ts';
import { figure, table } from './table.ts';

/** Waybill's time to its first invocation, as a part of Powertools'. */
const MARK = 0.66;
const LEDGER = 'Commerce-Ledger-1V9WQ0';
const program = fileURLToPath(new URL('./cold-start/first-invocation.mjs', import.meta.url));

/** Milliseconds since the process began. */
interface Start {
  /** Until its module had run. */
  readonly loaded: number;
  /** Until its first invocation had ended. */
  readonly elapsed: number;
  /** CPU time of all its threads. */
  readonly cpu: number;
}

interface Subject {
  readonly name: 'Waybill' | 'Powertools';
  readonly file: string;
  readonly kilobytes: number;
  /** The file of its event and context. */
  readonly given: string;
  readonly starts: Start[];
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '25' }, json: { type: 'boolean', default: false } },
});
const rounds = wholeNumber('rounds', values.rounds);

const folder = mkdtempSync(join(tmpdir(), 'waybill-cold-start-'));
const server = await answering();
try {
  const subjects = await prepare(folder);
  // The first round fills the caches of the disk, and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      const start = await firstInvocation(subject, variables(server));
      if (round > 0) subject.starts.push(start);
    }
  }
  report(subjects);
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A server that answers whatever AWS is asked. */
async function answering(): Promise<Server> {
  const started = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}'));
  });
  started.listen(0, '127.0.0.1');
  await once(started, 'listening');
  return started;
}

async function prepare(folder: string): Promise<readonly Subject[]> {
  const context = lambdaContext();
  const subject = async (name: Subject['name'], entry: string, body: string): Promise<Subject> => {
    const given = join(folder, `${name}.json`);
    writeFileSync(given, JSON.stringify({ event: sqsBatch([body]), context }));
    return { name, ...(await bundled(entry, folder, name, name === 'Waybill')), given, starts: [] };
  };
  return [
    await subject('Waybill', 'examples/commerce/functions/take-payment.ts', envelopeText()),
    await subject('Powertools', 'bench/cold-start/powertools.ts', JSON.stringify(orderPlaced(1))),
  ];
}

function envelopeText(): string {
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
  const context = { now: Date.now(), random, shards: 16, ledger: LEDGER, publisher: 'shop' };
  return encodeEnvelope(createEnvelope(OrderPlaced, orderPlaced(1), context));
}

function variables(server: Server): NodeJS.ProcessEnv {
  const { port } = server.address() as AddressInfo;
  return {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not a secret',
    AWS_LAMBDA_FUNCTION_NAME: 'take-payment',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    [BINDINGS.formats]: 'ledger',
    [BINDINGS.ledger]: LEDGER,
    [BINDINGS.shards]: '16',
    [BINDINGS.queueUrl]: 'https://sqs.us-east-1.amazonaws.com/000000000000/queue',
    [BINDINGS.deadLetterQueueUrl]: 'https://sqs.us-east-1.amazonaws.com/000000000000/dead-letters',
    [BINDINGS.quarantineBucket]: 'quarantine',
    [tableBinding('orders')]: 'Commerce-Orders-8F2K',
    [tableBinding('payments')]: 'Commerce-Payments-8F2K',
  };
}

async function firstInvocation({ name, file, given }: Subject, env: NodeJS.ProcessEnv): Promise<Start> {
  // Nothing of this process: none of its options, and no compile cache.
  const child = fork(program, [file, given], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let told: (Start & { readonly failures: number }) | undefined;
  child.once('message', (message) => {
    told = message as typeof told;
  });
  await once(child, 'exit');
  if (told?.failures !== 0) throw new Error(`${name} failed its record`);
  const { failures: _, ...start } = told;
  return start;
}

function report(subjects: readonly Subject[]): void {
  const results = subjects.map(({ name, kilobytes, starts }) => ({
    name,
    kilobytes: Math.round(kilobytes),
    loaded: median(starts.map(({ loaded }) => loaded)),
    elapsed: median(starts.map(({ elapsed }) => elapsed)),
    invocation: median(starts.map(({ elapsed, loaded }) => elapsed - loaded)),
    cpu: median(starts.map(({ cpu }) => cpu)),
  }));
  const [waybill, powertools] = results;
  if (!waybill || !powertools) throw new Error('Two subjects give two results');
  const ratio = { elapsed: waybill.elapsed / powertools.elapsed, cpu: waybill.cpu / powertools.cpu };
  const mark = { ratio: MARK, taken: ratio.elapsed, reached: ratio.elapsed <= MARK };
  const machine = thisMachine();
  if (values.json) {
    console.log(JSON.stringify({ machine, rounds, mark, ratio, results }));
    return;
  }
  console.log(`Milliseconds from a process's start, medians of ${rounds} fresh processes.`);
  console.log(`${describeMachine(machine)}\n`);
  const rows = results.map(({ name, kilobytes, loaded, invocation, elapsed, cpu }) => [
    name,
    ...[kilobytes, loaded, invocation, elapsed, cpu].map(figure),
  ]);
  console.log(table(['', 'bundle, KB', 'module loaded', 'first invocation', 'ended', 'CPU'], rows));
  console.log(
    `\nMark: at most ${MARK} of Powertools' time: ${mark.reached ? 'reached' : 'MISSED'} (${figure(ratio.elapsed)}; ${figure(ratio.cpu)} of its CPU time).`,
  );
}
