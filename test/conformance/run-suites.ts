import { type Case, caseId, type Feature, type Suite } from './case.ts';
import type { Clients } from './clients.ts';
import { missing, type Outcome, runCase } from './run-case.ts';
import type { Scratch } from './scratch.ts';

/** What a run asks. */
export interface Selection {
  /** Only cases whose id begins so. @default all */
  readonly only?: string;
  /** Whether cases that wait for minutes are asked, or only those. @default false */
  readonly slow?: boolean | 'only';
  /** Whether it is the real AWS. @default false */
  readonly onAws?: boolean;
}

export interface SuiteTarget {
  readonly features: ReadonlySet<Feature>;
  /** A new scratch for each case. */
  open(): { readonly aws: Clients; readonly scratch: Scratch & { clean?(): Promise<void> } };
}

/** The outcomes of cases by id, in the order of the table. A case that was not asked is absent. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** So many cases run at once: most of them wait. */
const AT_ONCE = 16;

/** Asks an engine all selected cases. */
export async function runSuites(
  suites: readonly Suite[],
  target: SuiteTarget,
  selection: Selection = {},
  report: (id: string, outcome: Outcome) => void = () => undefined,
): Promise<Outcomes> {
  const asked = selected(suites, selection);
  const outcomes = new Map<string, Outcome>();
  // The longest first, so that the run is not waiting for one of them in the end.
  const waiting = asked.toSorted(([, one], [, other]) => (other.seconds ?? 0) - (one.seconds ?? 0));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [id, one] = next;
      const what = missing(one, target.features);
      const { aws, scratch } = target.open();
      const outcome: Outcome = what === undefined ? await runCase(one, aws, scratch) : { verdict: 'unsupported', what };
      outcomes.set(id, outcome);
      report(id, outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return new Map(asked.map(([id]) => [id, outcomes.get(id) as Outcome]));
}

/**
 * Asks an engine all selected cases, and those whose outcome is a surprise once more, one by one: that a busy machine was
 * too slow for one of sixteen cases at once says nothing of the engine.
 */
export async function runSuitesPatiently(
  suites: readonly Suite[],
  target: SuiteTarget,
  selection: Selection,
  isSurprise: (id: string, outcome: Outcome) => boolean,
): Promise<Outcomes> {
  const outcomes = new Map(await runSuites(suites, target, selection));
  for (const [id, outcome] of outcomes) {
    if (!isSurprise(id, outcome)) continue;
    const again = await runSuites(suites, target, { ...selection, only: id });
    outcomes.set(id, again.get(id) ?? outcome);
  }
  return outcomes;
}

/** The cases that a run asks, by id. */
export function selected(suites: readonly Suite[], { only = '', slow, onAws }: Selection = {}): [string, Case][] {
  return suites
    .flatMap((suite) => suite.cases.map((one): [string, Case] => [caseId(suite, one), one]))
    .filter(([id]) => id.startsWith(only))
    .filter(([, one]) => (one.slow === undefined ? slow !== 'only' : slow !== undefined && slow !== false))
    .filter(([, one]) => !(onAws && one.notOnAws !== undefined));
}
