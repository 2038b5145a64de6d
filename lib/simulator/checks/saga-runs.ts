import { SAGA_EVENTS, starterName } from '../../contract/saga-settings.ts';
import type { SagaShape } from '../../contract/saga-shape.ts';
import { SAGA_END, SAGA_START } from '../../ledger/rows/saga.ts';
import type { RecordEntry } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Evidence } from './evidence.ts';

/** What the record tells of one execution of a saga. */
export interface SagaRun {
  /** The id of the message that has started it. */
  readonly execution: string;
  readonly saga: SagaShape;
  /** By the step's name, the states that its row was brought to, one after the other. */
  readonly steps: ReadonlyMap<string, readonly string[]>;
  /** How it has ended, each time that this was written. */
  readonly ends: readonly string[];
  /** How often a step was stuck. */
  readonly stuck: number;
  /** Whether something is stuck still. */
  readonly isStuck: boolean;
}

/** Every execution of a run's sagas: those that were to be started, and any of which a step has left a row. */
export function sagaRunsOf(
  { sagas = [] }: Pick<System, 'sagas'>,
  { ends, committed }: Evidence,
  entries: readonly RecordEntry[],
): SagaRun[] {
  const runs = new Map<string, Run>();
  const shapes = new Map(sagas.map(({ saga }) => [`${SAGA_EVENTS}${saga.name}`, saga]));
  const runOf = (execution: string): Run | undefined => {
    const saga = shapes.get(committed.get(execution)?.envelope.type ?? '');
    if (!saga) return undefined;
    const run = runs.get(execution) ?? { execution, saga, steps: new Map(), ends: [], stuck: 0, open: new Set() };
    runs.set(execution, run);
    return run;
  };
  const starters = new Set(sagas.map(({ saga }) => starterName(saga.name)));
  for (const { subscriber, id, state } of ends) if (starters.has(subscriber) && state === 'handled') runOf(id);
  for (const entry of entries) {
    if (entry.kind !== 'row' || !entry.row) continue;
    const { kind, of, sk } = entry.row;
    const { after } = entry.change;
    const state = after?.state?.S;
    if (kind === 'saga' && sk === SAGA_END && state) runOf(of)?.ends.push(state);
    else if (kind === 'saga' && sk !== SAGA_START && state) {
      const steps = runOf(of)?.steps;
      steps?.set(sk, [...(steps.get(sk) ?? []), state]);
    } else if (kind === 'stuck') {
      const run = runOf(sk.split('#')[0] ?? '');
      if (!run) continue;
      if (after) run.open.add(sk);
      else run.open.delete(sk);
      if (after) run.stuck += 1;
    }
  }
  return [...runs.values()].map(({ open, ...run }) => ({ ...run, isStuck: open.size > 0 }));
}

interface Run {
  readonly execution: string;
  readonly saga: SagaShape;
  readonly steps: Map<string, readonly string[]>;
  readonly ends: string[];
  stuck: number;
  readonly open: Set<string>;
}

/** What became of the sagas of some runs. */
export type SagaCounts = {
  /** Executions. */
  readonly sagas: number;
  /** Steps that were done. */
  readonly steps: number;
  /** Executions that were undone. */
  readonly compensated: number;
  /** How often a step waited for somebody to decide. */
  readonly stuck: number;
};

/** Counts executions and their steps. */
export function countSagas(runs: readonly SagaRun[]): SagaCounts {
  const sum = (of: (run: SagaRun) => number) => runs.reduce((all, run) => all + of(run), 0);
  return {
    sagas: runs.length,
    steps: sum(({ steps }) => [...steps.values()].filter((states) => states.includes('done')).length),
    compensated: sum(({ ends }) => (ends.includes('compensated') ? 1 : 0)),
    stuck: sum(({ stuck }) => stuck),
  };
}
