/**
 * `npm run nightly -- [--seeds 20] [--plans 1000] [--backlog 20000] [--of NAME …] [--seed S] [--json]`: certifies the example shop
 * and each example with plans of many seeds, which are drawn from one that is printed, and has a subscriber work off a backlog. It
 * takes hours of every core at its full length.
 *
 * A line for each says what it came to; `--json` prints one object `{ seed, backlog, certificates: […], failed }` at the end. A plan that
 * fails is written to `.waybill/nightly/<name>-<seed>.json`, shortened, for `npm run certify -- --of NAME --replay FILE`. Exits with
 * 1 where a plan fails, or the plans of a seed did not show enough.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeFailure } from '../lib/simulator/certificate.ts';
import { seededRandom } from '../lib/testing/seeded-random.ts';
import { certifySystem } from './certify/certify-system.ts';
import { drawnSeed } from './certify/drawn-seed.ts';
import { EXAMPLES, SYSTEM_NAMES, type SystemName } from './certify/systems.ts';
import { runBacklog } from './nightly/backlog.ts';

const USAGE = `npm run nightly -- [options]

  --seeds N    seeds of each, default 20
  --plans N    plans of each seed, default 1000
  --backlog N  messages that come while a subscriber stands still for three hours, default 20000; 0 for none
  --of NAME    one of them, may be repeated: ${SYSTEM_NAMES.join(', ')}; default all of the examples
  --seed S     from which the seeds are drawn; default a new one, which is printed
  --json       print one object at the end
`;
const FOLDER = '.waybill/nightly';

/** What the plans of one seed came to. */
interface Night {
  readonly of: SystemName;
  readonly seed: number;
  readonly plans: number;
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  readonly uncaused: number;
  readonly unreached: readonly string[];
  readonly seconds: number;
  /** The file that holds the plan that failed. */
  readonly failed?: string;
}

const { of, seeds, plans, messages, seed, json } = options();
const say = (line: string) => (json ? process.stderr : process.stdout).write(`${line}\n`);
say(`seeds are drawn from ${seed}: npm run nightly -- --seed ${seed} draws the same`);
const backlog = messages > 0 ? await runBacklog(messages) : undefined;
if (backlog) say(`backlog: ${JSON.stringify(backlog)}`);
const random = seededRandom(seed);
const certificates: Night[] = [];
for (let night = 0; night < seeds; night++) {
  const drawn = Buffer.from(random(4)).readUInt32BE() >>> 1;
  for (const name of of) {
    const one = await certified(name, drawn);
    certificates.push(one);
    say(lineOf(one));
  }
}
const failed = certificates.filter((one) => one.failed !== undefined || one.unreached.length > 0).length;
if (json) process.stdout.write(`${JSON.stringify({ seed, backlog, certificates, failed })}\n`);
else say(`${certificates.length - failed} certificates, ${failed} refused`);
process.exitCode = failed > 0 || (backlog?.wrong.length ?? 0) > 0 ? 1 : 0;

async function certified(name: SystemName, drawn: number): Promise<Night> {
  const started = performance.now();
  const { certificate, failed: plan } = await certifySystem(name, plans, drawn);
  const { messages, lost, doubled, uncaused, unreached } = certificate;
  const seconds = Math.round((performance.now() - started) / 1000);
  const night = {
    of: name,
    seed: drawn,
    plans: certificate.plans,
    messages,
    lost,
    doubled,
    uncaused,
    unreached,
    seconds,
  };
  if (!plan) return night;
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${name}-${drawn}.json`);
  writeFileSync(file, `${JSON.stringify(plan.plan, undefined, 2)}\n`);
  say(describeFailure(plan));
  return { ...night, failed: file };
}

function lineOf({
  of: name,
  seed: drawn,
  plans: many,
  messages,
  unreached,
  seconds,
  failed: file,
  ...counts
}: Night): string {
  const { lost, doubled, uncaused } = counts;
  const end = file
    ? `FAILED, replay it: npm run --silent certify -- --of ${name} --replay ${file}`
    : unreached.length > 0
      ? `did not show ${unreached.join(', ')}`
      : 'ok';
  return `${name} seed ${drawn}: ${many} plans, ${messages} messages, ${lost} lost, ${doubled} doubled, ${uncaused} uncaused, ${seconds} s: ${end}`;
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '20' },
        plans: { type: 'string', default: '1000' },
        backlog: { type: 'string', default: '20000' },
        of: { type: 'string', multiple: true, default: ['shop', ...EXAMPLES] },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    return {
      of: values.of.map(systemOf),
      seeds: wholeNumber('--seeds', values.seeds),
      plans: wholeNumber('--plans', values.plans),
      messages: values.backlog === '0' ? 0 : wholeNumber('--backlog', values.backlog),
      seed: values.seed === undefined ? drawnSeed() : wholeNumber('--seed', values.seed),
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function systemOf(text: string): SystemName {
  const found = SYSTEM_NAMES.find((name) => name === text);
  if (!found) throw new Error(`--of is '${text}': give one of ${SYSTEM_NAMES.join(', ')}`);
  return found;
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${option} is '${text}': give a whole number from 1`);
}
