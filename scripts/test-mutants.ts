/**
 * Makes small mistakes in the code, one at a time, and tells which of them no test notices:
 * `npm run test:mutants -- [--of messages|constructs|guards] [--in FILE] [--seed S] [--count N] [--seconds N] [--quick] [--json]`.
 *
 * A mutant has survived what tests notice within `--seconds` of the processor: by default 10, of a guard 60.
 * `--quick` runs only the folder of tests that mirrors a file's own: what survives it may still be noticed elsewhere.
 *
 * Exits with 1 where a mistake survives that is not listed as equivalent.
 */
import { hash, randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { equivalenceOf } from './mutants/equivalents.ts';
import { type Mutant, Sources } from './mutants/sources.ts';
import { Suite } from './mutants/suite.ts';

const MESSAGES = [
  'lib/message',
  'lib/contract',
  'lib/ledger',
  'lib/transaction',
  'lib/publish',
  'lib/half',
  'lib/cancel',
  'lib/consume',
  'lib/relay',
  'lib/inspect',
  'lib/reconcile',
];

/** What may be drawn from. */
const CLASSES = {
  messages: MESSAGES,
  constructs: ['lib/constructs'],
  guards: [...MESSAGES, 'lib/trace', 'lib/constructs'],
};
type Class = keyof typeof CLASSES;

interface Survivor {
  readonly place: string;
  readonly from: string;
  readonly to: string;
}

const { of, folders, seed, count, quick, seconds, json } = options();
const sources = new Sources();
const suite = new Suite(sources, { quick, seconds });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
const started = performance.now();
const drawn = draw(sources.mutantsIn(folders).filter(({ isGuard }) => isGuard === (of === 'guards')));
const report = { of, seed, mutants: drawn.length, refusedByTypes: 0, killed: 0, equivalent: 0 };
const survived: Survivor[] = [];
let told = 0;
tell(`${drawn.length} mutants of ${of}, drawn by the seed ${seed}`);
const left: Mutant[] = [];
for (const mutant of drawn) {
  if (!isSettled(mutant)) left.push(mutant);
  // Signals are heard between one and the next.
  await setImmediate();
}
for await (const [mutant, { killedBy }] of suite.judge(left)) {
  const { place, from, to } = mutant;
  if (killedBy === undefined) survived.push({ place, from, to });
  else report.killed++;
  tellOf(mutant, killedBy === undefined ? 'SURVIVED' : `killed by ${killedBy}`);
}
sources.close();
suite.close();
print();
process.exitCode = survived.length > 0 ? 1 : 0;

/** Whether there is nothing for tests to notice. */
function isSettled(mutant: Mutant): boolean {
  const reason = equivalenceOf(mutant);
  if (reason !== undefined) report.equivalent++;
  // What guards is texts and truths, of which types know nothing.
  const isRefused = reason === undefined && of !== 'guards' && sources.refuses(mutant);
  if (isRefused) report.refusedByTypes++;
  if (reason === undefined && !isRefused) return false;
  tellOf(mutant, isRefused ? 'refused by types' : `equivalent, ${reason}`);
  return true;
}

/** As many as are asked for. What is drawn of a line stays drawn by its seed, whatever changes elsewhere. */
function draw(mutants: readonly Mutant[]): Mutant[] {
  const times = new Map<string, number>();
  const places = mutants.map((mutant) => {
    const { file, line, from, to } = mutant;
    const text = JSON.stringify([seed, file, line, from, to]);
    const time = times.get(text) ?? 0;
    times.set(text, time + 1);
    return { mutant, place: hash('sha256', `${text} ${time}`) };
  });
  places.sort((one, other) => (one.place < other.place ? -1 : 1));
  return places.slice(0, count).map(({ mutant }) => mutant);
}

function print(): void {
  const judged = report.killed + survived.length;
  const score = judged === 0 ? 1 : Number((report.killed / judged).toFixed(3));
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`${JSON.stringify({ ...report, survived, score, seconds }, null, json ? 0 : 2)}\n`);
}

/** Each mutant as it is judged, where somebody may be waiting. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function tellOf({ place, from, to }: Mutant, verdict: string): void {
  const short = (text: string) => (text.length > 70 ? `${text.slice(0, 70)}…` : text).replaceAll(/\s+/g, ' ');
  tell(`${++told} ${place} ${short(from)} → ${short(to)}: ${verdict}`);
}

function options() {
  const { values } = parseArgs({
    options: {
      of: { type: 'string', default: 'messages' },
      in: { type: 'string', multiple: true },
      seed: { type: 'string' },
      count: { type: 'string' },
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (!(values.of in CLASSES)) throw new Error(`--of takes ${Object.keys(CLASSES).join(', ')}, and not '${values.of}'`);
  const of = values.of as Class;
  // Guards are few: all of them.
  const count = Number(values.count ?? (of === 'guards' ? Number.MAX_SAFE_INTEGER : 300));
  const seed = Number(values.seed ?? randomInt(1_000_000));
  // What guards is noticed by few tests, which take long.
  const seconds = Number(values.seconds ?? (of === 'guards' ? 60 : 10));
  if (![count, seed, seconds].every(Number.isInteger))
    throw new Error('--count, --seed and --seconds take whole numbers');
  return { of, folders: values.in ?? CLASSES[of], seed, count, quick: values.quick, seconds, json: values.json };
}
