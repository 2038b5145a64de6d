/**
 * How long a handler takes besides its network: decode, validate, batch, build the calls. Waybill beside Powertools batch,
 * idempotency and parser, which do the same work in the same run.
 *
 * `npm run bench -- handler [--rounds 40] [--warm-up 30] [--json]`
 */
import { parseArgs } from 'node:util';
import type { SQSEvent } from 'aws-lambda';
import { powertoolsHandlers } from './handler/powertools.ts';
import { sqsBatch } from './handler/sqs-batch.ts';
import { type Cut, stubbedAws } from './handler/stubbed-aws.ts';
import { waybillHandlers } from './handler/waybill.ts';
import type { MeasuredHandler, Work } from './handler/workload.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { measureRounds, type Subject, type Timing } from './rounds.ts';
import { figure, table } from './table.ts';

/** Microseconds a record: decode, validate, batch, and the transaction of one business write. */
const MARK = 30;
/** The SDK takes ten times as long as all else. */
const RECORDS_IN_A_ROUND: Readonly<Record<Cut, number>> = { 'above the SDK': 2_000, 'beneath the SDK': 400 };
/** So many rounds until the compiler has done with either library, also in the case that comes first. */
const WARM_UP = '30';

interface Case {
  readonly cut: Cut;
  readonly work: Work;
  /** Records in an invocation. */
  readonly batch: number;
}

interface Result extends Case {
  /** Microseconds a record. */
  readonly waybill: Timing;
  readonly powertools: Timing;
  /** AWS calls a record. */
  readonly calls: { readonly waybill: number; readonly powertools: number };
  /** How many times as long as Waybill Powertools takes, by CPU time. */
  readonly ratio: number;
}

const CASES: readonly Case[] = [
  { cut: 'above the SDK', work: 'one business write', batch: 10 },
  { cut: 'above the SDK', work: 'one business write', batch: 100 },
  { cut: 'above the SDK', work: 'a payment', batch: 10 },
  { cut: 'above the SDK', work: 'a payment', batch: 100 },
  { cut: 'beneath the SDK', work: 'one business write', batch: 10 },
  { cut: 'beneath the SDK', work: 'a payment', batch: 10 },
];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    'warm-up': { type: 'string', default: WARM_UP },
    json: { type: 'boolean', default: false },
  },
});
const rounds = wholeNumber('rounds', values.rounds);
const warmUp = wholeNumber('warm-up', values['warm-up']);

const results: Result[] = [];
for (const one of CASES) results.push(await compare(one));
report(results);

async function compare(one: Case): Promise<Result> {
  const waybill = waybillHandlers(stubbedAws(one.cut));
  const powertools = powertoolsHandlers(stubbedAws(one.cut));
  const calls = { waybill: await callsPerRecord(waybill, one), powertools: await callsPerRecord(powertools, one) };
  const [ofWaybill, ofPowertools] = await measureRounds([subject(waybill, one), subject(powertools, one)], {
    rounds,
    warmUp,
    invocations: RECORDS_IN_A_ROUND[one.cut] / one.batch,
    units: one.batch,
  });
  if (!ofWaybill || !ofPowertools) throw new Error('Two subjects give two timings');
  const ratio = ofPowertools.cpu.median / ofWaybill.cpu.median;
  return { ...one, waybill: ofWaybill, powertools: ofPowertools, calls, ratio };
}

/** Each invocation of a round has a batch of its own. */
function subject(library: MeasuredHandler, one: Case): Subject {
  const events = batches(library, one);
  const handle = library.handlers[one.work];
  let next = 0;
  return { run: () => handle(events[next++ % events.length] as SQSEvent) };
}

function batches(library: MeasuredHandler, { cut, work, batch }: Case): SQSEvent[] {
  return Array.from({ length: RECORDS_IN_A_ROUND[cut] / batch }, (_, invocation) =>
    sqsBatch(Array.from({ length: batch }, (_, record) => library.body(work, invocation * batch + record))),
  );
}

/** Also proves that every record is handled: a handler that fails at once would be quick. */
async function callsPerRecord(library: MeasuredHandler, one: Case): Promise<number> {
  const [event] = batches(library, one);
  const before = library.calls();
  const { batchItemFailures } = await library.handlers[one.work](event as SQSEvent);
  if (batchItemFailures.length > 0) throw new Error(`${library.name} failed ${batchItemFailures.length} records`);
  return (library.calls() - before) / one.batch;
}

function report(results: readonly Result[]): void {
  const machine = thisMachine();
  const marked = results.filter(({ cut, work }) => cut === 'above the SDK' && work === 'one business write');
  const worst = Math.max(...marked.map(({ waybill }) => waybill.cpu.median));
  const mark = { microseconds: MARK, worst, reached: worst <= MARK };
  if (values.json) {
    console.log(JSON.stringify({ machine, rounds, mark, results }));
    return;
  }
  const rows = results.map(({ cut, work, batch, waybill, powertools, calls, ratio }) => [
    work,
    String(batch),
    cut,
    figure(waybill.cpu.median),
    figure(calls.waybill),
    figure(powertools.cpu.median),
    figure(calls.powertools),
    figure(ratio),
  ]);
  console.log(`Microseconds of CPU a record, medians of ${rounds} rounds.`);
  console.log(`${describeMachine(machine)}\n`);
  console.log(table(['handler', 'batch', 'network cut', 'Waybill', 'calls', 'Powertools', 'calls', 'ratio'], rows));
  console.log(
    `\nMark: one business write in at most ${MARK}: ${mark.reached ? 'reached' : 'MISSED'} (${figure(worst)}).`,
  );
}
