/**
 * Asks every engine all cases, and tests the example shop on LocalStack: `npm run test:engines [-- --engine NAME … | --endpoint URL | --aws] [--region NAME]
 * [--role ARN] [--only PREFIX] [--quick] [--json]`.
 *
 * Ends with a line `N passed, N failed`, and `, N skipped` for engines that this machine cannot run.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { WaybillError } from '../lib/contract/errors.ts';
import { SUITES } from '../test/conformance/cases/index.ts';
import { ASKED_ENGINES, type AskedEngine } from '../test/conformance/engines.ts';
import { InvalidOption, ServiceMissing } from '../test/conformance/errors.ts';
import { expectationsOf } from '../test/conformance/expectations.ts';
import { type Selection, selected } from '../test/conformance/run-suites.ts';
import { type CorePathRun, runCorePath } from './engines/core-path-run.ts';
import { findElsewhere } from './engines/elsewhere.ts';
import { askable, type EngineRun, type LeftOut, runEngine, tally } from './engines/engine-run.ts';
import { laneOf } from './engines/lane.ts';
import { type RunOptions, runOptions } from './engines/options.ts';
import { enginesPage } from './engines/page.ts';
import { pageColumns, replaced } from './engines/page-columns.ts';

const PAGE = new URL('../docs/engines.md', import.meta.url);

/** So many engines are started or asked at once, on a machine of two cores. */
const ENGINES_AT_ONCE = 2;

/** Engines end with this process by themselves; the tests that it starts do not. */
const interrupted = new AbortController();
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => {
    interrupted.abort();
    // A moment for what it started to end what that has started.
    setTimeout(() => process.exit(128 + number), 3000);
  });
}

try {
  await main(runOptions(process.argv.slice(2), process.env));
} catch (error) {
  if (!(error instanceof WaybillError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function main(options: RunOptions): Promise<void> {
  const { only, quick, json, elsewhere } = options;
  const onAws = elsewhere !== undefined && elsewhere.endpoint === undefined;
  const selection: Selection = { slow: !quick, onAws, ...(only !== undefined && { only }) };
  if (selected(SUITES, selection).length === 0) throw new InvalidOption(`--only is '${only}': no case begins so.`);
  const engines = elsewhere ? [await findElsewhere(elsewhere, process.env)] : options.engines;
  const asked = engines.filter((engine) => canBeAsked(engine, selection, options));
  const say = (line: string) => (json ? undefined : console.log(line));

  const lane = laneOf(ENGINES_AT_ONCE);
  // The longest first.
  const asking = Promise.all(
    asked.toReversed().map(async (engine) => {
      const result = await runEngine(engine, SUITES, selection, lane, (line) => console.error(line));
      for (const line of described(result)) say(line);
      return result;
    }),
  );
  // Last in the lane: it needs two engines of its own, while the longest cases mostly wait.
  const testing = options.corePath ? lane(() => runCorePath({ quick, signal: interrupted.signal })) : undefined;
  const [results, corePath] = await Promise.all([asking.then((all) => all.reverse()), testing]);

  const runs = results.filter((result): result is EngineRun => 'outcomes' in result);
  const leftOut = results.filter((result): result is LeftOut => 'leftOut' in result);
  const tests = corePath ?? { passed: 0, failed: 0, skipped: 0, lines: [] };
  const surprising = runs.reduce((sum, { surprises }) => sum + surprises.length, 0);
  const failed = surprising + tests.failed;
  if (failed > 0) process.exitCode = 1;
  if (json) {
    console.log(
      JSON.stringify({ date: today(), engines: runs.map(plain), leftOut, ...(corePath && { corePath: tests }) }),
    );
    return;
  }
  if (corePath)
    say(
      `The example shop${quick ? '' : ', and ordered subscribers whose processes are killed,'} on LocalStack: ${counted(tests)}`,
    );
  for (const line of tests.lines) say(line);
  say(page(options, runs, surprising));
  say(`Engines that ran: ${runs.map(({ title, version }) => `${title} ${version}`).join(', ') || 'none'}.`);
  const answered = runs.reduce((sum, { outcomes }) => sum + tally(outcomes).right + tally(outcomes).wrong, 0);
  const passed = answered - surprising + tests.passed;
  say(counted({ passed, failed, skipped: leftOut.length + tests.skipped }));
}

/** @throws {ServiceMissing} when it was asked for by name */
function canBeAsked(engine: AskedEngine, selection: Selection, { isPartial, engines }: RunOptions): boolean {
  if (askable(SUITES, selection, engine.features).length > 0) return true;
  if (!isPartial || engines === ASKED_ENGINES) return false;
  throw new ServiceMissing(
    `${engine.title} has nothing of what '${selection.only}' asks: it has ${[...engine.features].join(', ')}.`,
  );
}

function described(result: EngineRun | LeftOut): string[] {
  const name = `${result.title} ${result.version}`;
  if ('leftOut' in result) return [`${name}: left out. ${result.leftOut}`];
  const { right, wrong, unsupported } = tally(result.outcomes);
  const summary = `${right} right, ${wrong} wrong, ${unsupported} not supported`;
  return [`${name}: ${summary} (${result.seconds.toFixed(0)} s)`, ...result.surprises.map((line) => `  ${line}`)];
}

/** Writes the columns of the engines that were asked everything, and says what became of the page. */
function page(options: RunOptions, runs: readonly EngineRun[], surprising: number): string {
  const why =
    (!options.fillsColumns && 'this run was not asked for everything') ||
    (runs.length < options.engines.length && 'an engine was left out') ||
    (surprising > 0 && 'a case was not as expected') ||
    (process.env.CI && 'CI leaves the repository as it is');
  if (why) return `docs/engines.md stays as it is: ${why}.`;
  const nameOf = (title: string) => ASKED_ENGINES.find((engine) => engine.title === title)?.name;
  const before = pageColumns(readFileSync(PAGE, 'utf8'), SUITES, nameOf);
  const fresh = runs.map((run) => ({ ...run, date: today() }));
  writeFileSync(PAGE, enginesPage(SUITES, replaced(before, fresh), expectationsOf));
  const titles = runs.map(({ title }) => title).join(', ');
  return `docs/engines.md is written: ${options.isPartial ? titles : 'all of it'}.`;
}

function plain({ outcomes, ...run }: EngineRun): object {
  return { ...run, cases: Object.fromEntries(outcomes) };
}

function counted({ passed, failed, skipped }: Omit<CorePathRun, 'lines'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
