/**
 * How long a handler takes besides its network: decode, validate, batch, build the calls. Waybill beside Powertools batch,
 * idempotency and parser, which do the same work in the same run, in a process of their own.
 *
 * `npm run bench -- handler [--rounds 40] [--warm-up 30] [--json]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Cut } from './handler/stubbed-aws.ts';
import type { LibraryName, Request } from './handler/subject.ts';
import type { Work } from './handler/workload.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { type RoundTime, type Timing, timeRounds } from './rounds.ts';
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
for (const work of ['one business write', 'a payment'] as const) results.push(...(await measureWork(work)));
report(results);

/** Each library has a process of its own, as in Lambda. They take turns, so that what else the machine does meets both. */
async function measureWork(work: Work): Promise<Result[]> {
  const waybill = subjectProcess('Waybill', work);
  const powertools = subjectProcess('Powertools', work);
  const found: Result[] = [];
  for (const one of CASES.filter((each) => each.work === work)) {
    const { cut, batch } = one;
    const request = { cut, batch, records: RECORDS_IN_A_ROUND[cut] };
    const calls = { waybill: await waybill.prepare(request), powertools: await powertools.prepare(request) };
    const [ofWaybill, ofPowertools] = await timeRounds([waybill.round, powertools.round], { rounds, warmUp });
    if (!ofWaybill || !ofPowertools) throw new Error('Two subjects give two timings');
    const ratio = ofPowertools.cpu.median / ofWaybill.cpu.median;
    found.push({ ...one, waybill: ofWaybill, powertools: ofPowertools, calls, ratio });
  }
  waybill.end();
  powertools.end();
  return found;
}

function subjectProcess(library: LibraryName, work: Work) {
  const child = fork(fileURLToPath(new URL('./handler/subject.ts', import.meta.url)), [library, work]);
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  const ask = async (request: Request): Promise<unknown> => {
    // Its error is on stderr.
    const answer = once(child, 'message', { signal: ended.signal });
    child.send(request);
    return (await answer)[0];
  };
  return {
    prepare: async (request: Request) => ((await ask(request)) as { readonly calls: number }).calls,
    round: () => ask('round') as Promise<RoundTime>,
    end: () => child.send('end'),
  };
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
