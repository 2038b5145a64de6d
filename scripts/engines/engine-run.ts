import { WaybillError } from '../../lib/contract/errors.ts';
import { EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing } from '../../lib/local/errors.ts';
import type { Report } from '../../lib/local/report.ts';
import type { Feature, Suite } from '../../test/conformance/case.ts';
import type { AskedEngine, StartedTarget } from '../../test/conformance/engines.ts';
import { expectationsOf, surprises } from '../../test/conformance/expectations.ts';
import type { Outcome, Verdict } from '../../test/conformance/run-case.ts';
import { missing } from '../../test/conformance/run-case.ts';
import {
  type Outcomes,
  runSuitesPatiently,
  type Selection,
  type SuiteTarget,
  selected,
} from '../../test/conformance/run-suites.ts';
import type { Lane } from './lane.ts';

/** What came of an engine. */
export interface EngineRun {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly outcomes: Outcomes;
  /** What was not as expected, a sentence each. */
  readonly surprises: readonly string[];
  /** From its start to its end. */
  readonly seconds: number;
}

/** An engine that this machine cannot run. */
export interface LeftOut {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Why, in a sentence. */
  readonly leftOut: string;
}

/** Starts an engine, asks it, and ends it. */
export async function runEngine(
  engine: AskedEngine,
  suites: readonly Suite[],
  selection: Selection,
  lane: Lane,
  report: Report,
): Promise<EngineRun | LeftOut> {
  const { name, title, version } = engine;
  const begin = performance.now();
  const ended = (outcomes: Outcomes, unexpected: readonly string[]): EngineRun => {
    return { name, title, version, outcomes, surprises: unexpected, seconds: (performance.now() - begin) / 1000 };
  };
  let started: StartedTarget | undefined;
  try {
    started = await lane(() => engine.start(report));
    const expectations = expectationsOf(name);
    const isSurprise = (id: string, outcome: Outcome) => surprises(new Map([[id, outcome]]), expectations).length > 0;
    const outcomes = await ask(started.target, suites, selection, lane, isSurprise);
    return ended(outcomes, surprises(outcomes, expectations));
  } catch (error) {
    if (!(error instanceof WaybillError)) throw error;
    if (UNAVAILABLE.some((kind) => error instanceof kind)) {
      report(error.message);
      return { name, title, version, leftOut: firstSentence(error.message) };
    }
    // One engine that does not start does not keep the others from being asked.
    return ended(new Map(), [error.message]);
  } finally {
    await started?.close();
  }
}

/** What this machine lacks, and what it could not fetch: no reason to fail. */
const UNAVAILABLE = [EngineUnavailable, EngineInstallFailed, PythonMissing, PythonIncomplete];

/** Which of the selected cases an engine can be asked. */
export function askable(suites: readonly Suite[], selection: Selection, features: ReadonlySet<Feature>): string[] {
  return selected(suites, selection).flatMap(([id, one]) => (missing(one, features) === undefined ? [id] : []));
}

/** How many outcomes are of each verdict. */
export function tally(outcomes: Outcomes): Readonly<Record<Verdict, number>> {
  const count = { right: 0, wrong: 0, unsupported: 0 };
  for (const { verdict } of outcomes.values()) count[verdict] += 1;
  return count;
}

/** Cases that wait for minutes cost no work: other engines are asked meanwhile. */
async function ask(
  target: SuiteTarget,
  suites: readonly Suite[],
  selection: Selection,
  lane: Lane,
  isSurprise: (id: string, outcome: Outcome) => boolean,
): Promise<Outcomes> {
  const run = (slow: Selection['slow']) => runSuitesPatiently(suites, target, { ...selection, slow }, isSurprise);
  const [slow, others] = await Promise.all([selection.slow ? run('only') : new Map(), lane(() => run(false))]);
  const all = new Map([...others, ...slow]);
  return new Map(selected(suites, selection).map(([id]) => [id, all.get(id)]));
}

function firstSentence(message: string): string {
  const [line = ''] = message.split('\n');
  return line.replace(/; \S+ said:$/, '.');
}
