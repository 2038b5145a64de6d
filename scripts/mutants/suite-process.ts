import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BaseSequencer, createVitest, type Reporter, type TestCase, type TestSpecification } from 'vitest/node';
import { root } from '../setup/program.mjs';
import { plantInto } from './planted.ts';
import type { Mutant } from './sources.ts';

/** Runs the tests on one mutant after another, which it is sent. Only the loaded code has the mistake. */

export interface Outcome {
  /** The first test that failed, or file that did not load. */
  readonly killedBy?: string;
}

/** What the process is told. */
export interface Order {
  readonly next: Pick<Mutant, 'file' | 'source'>;
  /** Whether only the folder that mirrors the file's own is run. */
  readonly quick: boolean;
}

/** Some of the tests, in the order in which they run. */
interface Step {
  /** @default all */
  readonly folders?: readonly string[];
  readonly names?: RegExp;
}

const ROOMS = [
  'message',
  'contract',
  'ledger',
  'transaction',
  'publish',
  'half',
  'cancel',
  'consume',
  'relay',
  'reconcile',
  'trace',
].map((room) => `test/${room}`);
/** Rooms whose own folder of tests is thin, since it is by others that they are seen. */
const SEEN_BY: Readonly<Record<string, readonly string[]>> = {
  'test/ledger': ['test/half', 'test/publish', 'test/cancel', 'test/consume', 'test/relay'],
  'test/inspect': ['test/reconcile', 'test/trace'],
  'test/contract': ['test/message'],
};
const CORPUS = ['test/corpus'];
const PLANS = /survives the plan/;
/** After the folder that mirrors the file's own. */
const STEPS: readonly Step[] = [{ folders: ROOMS }, { folders: CORPUS, names: PLANS }, {}];
/** Test files that are known to pass where there is no mistake. */
const sound = new Set<string>();
/** A test that failed, or a file that did not load. */
interface Failure {
  readonly moduleId: string;
  readonly test: string;
}

/** Of the run that is under way: what vitest knows of test files otherwise, it knows of all runs before, too. */
const failures: Failure[] = [];
const REPORTER: Reporter = {
  onTestCaseResult(test: TestCase) {
    if (test.result().state !== 'failed') return;
    const { module, fullName } = test;
    failures.push({ moduleId: module.moduleId, test: `${module.relativeModuleId} > ${fullName}` });
  },
  onTestModuleEnd(module) {
    if (module.errors().length > 0) failures.push({ moduleId: module.moduleId, test: module.relativeModuleId });
  },
};

/** The first failure ends a run: what is short may save what is long. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).reverse();
  }
}

let mutant: Pick<Mutant, 'file' | 'source'> | undefined;

const vitest = await createVitest({
  root,
  config: join(root, 'scripts/mutants/vitest.config.ts'),
  watch: false,
  project: ['unit'],
  bail: 1,
  reporters: [REPORTER],
  sequence: { sequencer: ShortestFirst },
  maxWorkers: Math.max(1, availableParallelism() - 1),
});
let all: readonly TestSpecification[] = await vitest.globTestSpecifications();

process.on('message', async ({ next, quick }: Order) => {
  plant(next);
  const room = { folders: [next.file.split('/').slice(0, 2).join('/').replace('lib/', 'test/')] };
  const outcome = await judge(next.file, quick ? [] : [room, ...STEPS]);
  plant(undefined);
  process.send?.(outcome);
});
process.once('disconnect', () => process.exit());
process.send?.('ready');

/**
 * First the folder that mirrors the file's own, then the other rooms of messages, then plans that once found a mistake,
 * then every other test that may notice.
 */
async function judge(file: string, steps: readonly Step[]): Promise<Outcome> {
  const ran = new Set<TestSpecification>();
  for (const { folders, names } of [{ folders: mirrorOf(file) }, ...steps]) {
    const next = all.filter((one) => !ran.has(one) && mayKill(one) && (!folders || isIn(one, folders)));
    for (const one of next) ran.add(one);
    const outcome = await run(next, names);
    if (outcome.killedBy) return outcome;
  }
  return {};
}

async function run(specifications: readonly TestSpecification[], names?: RegExp): Promise<Outcome> {
  const failed = await firstFailure(specifications, names);
  if (!failed) return {};
  if (await isByTheMistake(failed.moduleId, names)) return { killedBy: failed.test };
  return run(
    specifications.filter(({ moduleId }) => moduleId !== failed.moduleId),
    names,
  );
}

async function firstFailure(
  specifications: readonly TestSpecification[],
  names?: RegExp,
): Promise<Failure | undefined> {
  if (specifications.length === 0) return undefined;
  if (names) vitest.setGlobalTestNamePattern(names);
  else vitest.resetGlobalTestNamePattern();
  failures.length = 0;
  const { unhandledErrors } = await vitest.runTestSpecifications([...specifications]);
  const [first] = failures;
  if (first || unhandledErrors.length === 0) return first;
  return { moduleId: specifications[0]?.moduleId ?? '', test: 'an unhandled error' };
}

/** Whether a test file passes without the mistake. One that fails then too kills nothing, and is left out from then on. */
async function isByTheMistake(moduleId: string, names?: RegExp): Promise<boolean> {
  if (sound.has(moduleId)) return true;
  const planted = mutant;
  plant(undefined);
  const failed = await firstFailure(
    all.filter((one) => one.moduleId === moduleId),
    names,
  );
  plant(planted);
  if (failed) all = all.filter((one) => one.moduleId !== moduleId);
  else sound.add(moduleId);
  return !failed;
}

function plant(next: typeof mutant): void {
  const files = [mutant, next].flatMap((one) => (one ? [join(root, one.file)] : []));
  mutant = next;
  plantInto(next && join(root, next.file), next?.source);
  for (const file of files) vitest.invalidateFile(file);
}

/** The folder of tests that mirrors a file's own, or its room's, and those that see it best. */
function mirrorOf(file: string): string[] {
  const [, room = '', ...rest] = file.split('/').slice(0, -1);
  const folder = join('test', room, ...rest);
  const own = all.some((one) => isIn(one, [folder])) ? folder : join('test', room);
  return [own, ...(SEEN_BY[`test/${room}`] ?? []), ...(room === 'constructs' ? [] : ['test/ledger'])];
}

function isIn({ moduleId }: TestSpecification, folders: readonly string[]): boolean {
  return folders.some((folder) => moduleId.startsWith(join(root, folder, '/')));
}

/** What reads the code from the disk, and what deploys it, does not see the mistake. */
function mayKill({ moduleId }: TestSpecification): boolean {
  return !/test\/(?:bundle|local|conformance|bench|certificate|engine)\//.test(moduleId) && loads(moduleId);
}

function loads(moduleId: string): boolean {
  return /lib\/|waybill/.test(readFileSync(moduleId, 'utf8'));
}
