/**
 * How long a handler takes besides its network: decode, validate, batch, build the calls. Waybill beside Powertools batch,
 * idempotency and parser, which do the same work in the same run.
 *
 * `npm run bench:handler -- [--rounds 40] [--json]`
 */
import { parseArgs } from 'node:util';
import type { SQSEvent } from 'aws-lambda';
import { powertoolsHandlers } from './handler/powertools.ts';
import { sqsBatch } from './handler/sqs-batch.ts';
import { waybillHandlers } from './handler/waybill.ts';
import type { MeasuredHandler, Work } from './handler/workload.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { measureRounds, type Subject, type Timing } from './rounds.ts';
import { figure, table } from './table.ts';

const MARK = 30;
const BATCHES = [10, 100];
const RECORDS_IN_A_ROUND = 2_000;
const WARM_UP = 10;

interface Result {
  readonly work: Work;
  readonly batch: number;
  /** Microseconds a record, by library. */
  readonly microseconds: Readonly<Record<string, Timing>>;
  /** AWS calls a record, by library. */
  readonly calls: Readonly<Record<string, number>>;
  /** How many times as long as Waybill the other library takes. */
  readonly ratio: number;
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '40' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is ${values.rounds}: give a whole number`);

const waybill = waybillHandlers();
const powertools = powertoolsHandlers();
const results: Result[] = [];
for (const work of ['one business write', 'a payment'] as const) {
  for (const batch of BATCHES) results.push(await compare(work, batch));
}
report(results);

async function compare(work: Work, batch: number): Promise<Result> {
  const measured = [waybill, powertools];
  const calls = await Promise.all(measured.map((library) => callsPerRecord(library, work, batch)));
  const timings = await measureRounds(
    measured.map((library) => subject(library, work, batch)),
    { rounds, warmUp: WARM_UP, invocations: RECORDS_IN_A_ROUND / batch, units: batch },
  );
  const median = (library: MeasuredHandler) => timings.get(library.name)?.cpu.median ?? Number.NaN;
  return {
    work,
    batch,
    microseconds: Object.fromEntries(timings),
    calls: Object.fromEntries(measured.map(({ name }, index) => [name, calls[index] ?? Number.NaN])),
    ratio: median(powertools) / median(waybill),
  };
}

/** Each invocation of a round has a batch of its own. */
function subject(library: MeasuredHandler, work: Work, batch: number): Subject {
  const events = batches(library, work, batch);
  const handle = library.handlers[work];
  let next = 0;
  return { name: library.name, run: () => handle(events[next++ % events.length] as SQSEvent) };
}

function batches(library: MeasuredHandler, work: Work, batch: number): SQSEvent[] {
  return Array.from({ length: RECORDS_IN_A_ROUND / batch }, (_, invocation) =>
    sqsBatch(Array.from({ length: batch }, (_, record) => library.body(work, invocation * batch + record))),
  );
}

/** Also proves that every record is handled: a handler that fails fast would be quick. */
async function callsPerRecord(library: MeasuredHandler, work: Work, batch: number): Promise<number> {
  const [event] = batches(library, work, batch);
  const before = library.calls();
  const { batchItemFailures } = await library.handlers[work](event as SQSEvent);
  if (batchItemFailures.length > 0) throw new Error(`${library.name} failed ${batchItemFailures.length} records`);
  return (library.calls() - before) / batch;
}

function report(results: readonly Result[]): void {
  const machine = thisMachine();
  const worst = Math.max(...results.map(({ microseconds }) => microseconds.Waybill?.cpu.median ?? Number.NaN));
  const mark = { microseconds: MARK, worst, reached: worst <= MARK };
  if (values.json) {
    console.log(JSON.stringify({ machine, rounds, mark, results }));
    return;
  }
  const rows = results.map(({ work, batch, microseconds, calls, ratio }) => [
    work,
    String(batch),
    ...['Waybill', 'Powertools'].flatMap((name) => [
      figure(microseconds[name]?.cpu.median ?? Number.NaN),
      figure(calls[name] ?? Number.NaN),
    ]),
    figure(ratio),
  ]);
  console.log(
    `Microseconds of CPU a record besides the network: medians of ${rounds} rounds of ${RECORDS_IN_A_ROUND} records.`,
  );
  console.log(`${describeMachine(machine)}\n`);
  console.log(table(['handler', 'batch', 'Waybill', 'calls', 'Powertools', 'calls', 'ratio'], rows));
  console.log(
    `\nMark: at most ${MARK} a record for Waybill: ${mark.reached ? 'reached' : 'MISSED'} (${figure(worst)}).`,
  );
}
