import { waitsIn } from '../../contract/saga-shape.ts';
import type { RecordEntry } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Evidence } from './evidence.ts';
import { type SagaRun, sagaRunsOf } from './saga-runs.ts';
import type { Violation } from './violation.ts';

/**
 * U: an execution has ended, once; where it is completed all its steps are done, and where it is compensated none that it must
 * undo. What was undone is never done afterwards. It says once how it has ended, and no token of a task leaves the ledger.
 */
export function checkSagas(system: System, evidence: Evidence, entries: readonly RecordEntry[]): Violation[] {
  if (!system.sagas) return [];
  const runs = sagaRunsOf(system, evidence, entries);
  return [
    ...runs.flatMap((run) => [...wrongEnd(run), ...wrongWord(run, evidence)]),
    ...carriedTokens(evidence, entries),
  ];
}

function wrong(what: string): Violation {
  return { invariant: 'U', what };
}

function wrongEnd({ execution, saga, steps, ends, isStuck }: SagaRun): Violation[] {
  const what = `the saga '${saga.name}' ${execution}`;
  const [end, ...others] = ends;
  if (end === undefined) {
    return [wrong(`${what} has not ended${isStuck ? ': it is stuck, and nobody was told or nothing came of it' : ''}`)];
  }
  const doneAfter = [...steps].filter(([, states]) => {
    const over = states.findIndex((state) => state === 'undone' || state === 'void');
    return over >= 0 && over < states.length - 1;
  });
  return [
    ...(others.length > 0 ? [wrong(`${what} has ended ${ends.length} times`)] : []),
    ...doneAfter.map(([step, states]) => wrong(`${what} has '${step}' ${states.join(', then ')}`)),
    ...leftIn(saga, steps, end).map(([step, state]) => wrong(`${what} is ${end}, and '${step}' is ${state}`)),
  ];
}

/** The steps that are not as they must be at such an end. */
function leftIn(saga: SagaRun['saga'], steps: SagaRun['steps'], end: string): [step: string, state: string][] {
  const last = (step: string) => steps.get(step)?.at(-1) ?? 'not begun';
  const names = Object.entries(saga.steps).map(([name, { undo }]) => [name, undo] as const);
  if (end === 'completed') {
    const waits = waitsIn(saga.stages).filter((wait) => !('otherwise' in wait));
    return [...names.map(([name]) => name), ...waits.map(({ name }) => name)]
      .map((name): [string, string] => [name, last(name)])
      .filter(([, state]) => state !== 'done');
  }
  return names
    .map(([name, undo]) => ({ name, undo, state: last(name) }))
    .filter(({ undo, state }) => undo !== 'none' && (state === 'done' || state === 'running'))
    .map(({ name, state }) => [name, state]);
}

/** What is published at an end: one message of the event that it names. */
function wrongWord({ execution, saga, ends }: SagaRun, { committed }: Evidence): Violation[] {
  const types = [saga.completed, saga.compensated].flatMap((end) => (end ? [end.event.type] : []));
  const wanted = ends[0] === 'completed' ? saga.completed : ends[0] === 'compensated' ? saga.compensated : undefined;
  const said = [...committed.values()]
    .filter(({ envelope: { causationid, source } }) => causationid === execution && source.endsWith(`/${saga.name}`))
    .map(({ envelope: { type } }) => type)
    .filter((type) => types.includes(type));
  const expected = wanted ? [wanted.event.type] : [];
  if (said.join() === expected.join()) return [];
  const published = said.length > 0 ? said.join(' and ') : 'nothing';
  return [
    wrong(`the saga '${saga.name}' ${execution} has ended as ${ends[0] ?? 'nothing'}, and has published ${published}`),
  ];
}

function carriedTokens({ carried }: Evidence, entries: readonly RecordEntry[]): Violation[] {
  const tokens = new Set(
    entries.flatMap((entry) => (entry.kind === 'row' && entry.row ? (entry.change.after?.token?.S ?? []) : [])),
  );
  const found = carried.filter(({ text }) => [...tokens].some((token) => text.includes(token)));
  return found.map(({ to }) => wrong(`the token of a task was sent to ${to}`));
}
