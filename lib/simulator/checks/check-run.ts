import { payloadOf } from '../../message/compression.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { EndedMessage, RunState } from '../run/run-state.ts';
import type { System } from '../system.ts';
import { checkBatons } from './check-batons.ts';
import { checkBulkhead } from './check-bulkhead.ts';
import { checkCauses } from './check-causes.ts';
import { checkCircuits, type EventSourceState } from './check-circuits.ts';
import { checkEffects } from './check-effects.ts';
import { checkGraph } from './check-graph.ts';
import { checkHandlers } from './check-handlers.ts';
import { checkHealing } from './check-healing.ts';
import { checkLeases } from './check-leases.ts';
import { checkLoss } from './check-loss.ts';
import { checkOrder } from './check-order.ts';
import { checkPromises } from './check-promises.ts';
import { checkRedrives } from './check-redrives.ts';
import { checkSagas } from './check-sagas.ts';
import { checkScaling } from './check-scaling.ts';
import { checkSending } from './check-sending.ts';
import { checkServices } from './check-services.ts';
import { checkShards } from './check-shards.ts';
import { checkSilence } from './check-silence.ts';
import { checkTraces } from './check-traces.ts';
import { checkVersions } from './check-versions.ts';
import type { Evidence } from './evidence.ts';
import { KeyOrder } from './key-order.ts';
import { leniencyOf } from './leniency.ts';
import type { Violation } from './violation.ts';

export interface Checked {
  readonly record: RunRecord;
  readonly evidence: Evidence;
  readonly faults: FaultPlan;
  /** How often operators have done each kind of thing. */
  readonly operations: Readonly<Partial<Record<OperationKind, number>>>;
  /** Whether nothing was left to do when the bound was over. */
  readonly isIdle: boolean;
  /** Errors of promises that nobody has waited for. */
  readonly rejections: readonly string[];
  /** What services outside have done. */
  readonly done: RunState['done'];
  /** The rows of a business table, ordered by their keys. */
  readonly rows: RunState['rows'];
  /** Event sources, where subscribers have breakers, or scale. */
  readonly sources: readonly EventSourceState[];
}

/**
 * Judges a run by its record: what engines have committed, and what the simulated Lambda has been asked for. Nothing that
 * the code under test says of itself is believed.
 */
export function checkRun(system: System, checked: Checked): readonly Violation[] {
  const { record, evidence, faults, operations, isIdle, rejections, rows, done, sources } = checked;
  const clean = faults.happened.size === 0;
  const leniency = leniencyOf(faults, operations);
  const late: Violation[] = isIdle
    ? []
    : [{ invariant: 'T', what: 'something is still going on when the bound is over' }];
  // The books of a system are written for one in which everybody gets what is meant for it.
  const wrong = (lacksNothing(system, evidence) && system.invariant?.(stateOf(evidence, rows, done))) || [];
  return [
    // First, since whatever else is wrong may come of it.
    ...checkHandlers(evidence, rejections),
    ...late,
    ...checkLoss(system, evidence, new KeyOrder(system, evidence.expectations, record.entries), {
      isIdle,
      ...leniency,
    }),
    ...checkPromises(system, record, leniency),
    ...checkEffects(system, evidence),
    ...checkServices(system, done),
    ...checkVersions(system, record),
    ...checkLeases(record),
    ...checkOrder(system, evidence, record.entries),
    ...checkBatons(system, record.entries),
    ...checkCauses(system, evidence),
    ...checkTraces(system, record, evidence, leniency),
    ...checkSending(system, evidence, leniency),
    ...checkBulkhead(system, record, evidence, leniency),
    ...checkGraph(system, record, evidence, leniency),
    ...checkHealing(system, record, evidence, leniency),
    ...checkSilence(system, record, leniency),
    ...checkCircuits(system, record, { clean, sources }),
    ...checkRedrives(system, record, evidence, clean),
    ...checkShards(system, record, { ...leniency, clean: clean && isSteady(operations) }),
    ...checkScaling(system, record, sources),
    ...checkSagas(system, evidence, record.entries),
    ...wrong.map((what): Violation => ({ invariant: 'M', what })),
  ];
}

/** Whether operators have done nothing that keeps reconciliation from looking at what is committed. */
function isSteady(operations: Checked['operations']): boolean {
  return Object.keys(operations).every((kind) => kind === 'load-grows' || kind === 'two-reconcilers');
}

/** Whether every message was to end at everybody who consumes it, and no subscriber was removed before it had. */
function lacksNothing({ subscribers }: System, { committed, expectations, ends }: Evidence): boolean {
  const isComplete = subscribers.every(({ name, consumes }) =>
    [...committed.values()].every(
      ({ envelope }) => !consumes.some(({ type }) => type === envelope.type) || expectations.has(name, envelope),
    ),
  );
  return isComplete && !ends.some(({ state }) => state === 'abandoned');
}

function stateOf({ committed, ends, halves }: Evidence, rows: RunState['rows'], done: RunState['done']): RunState {
  const last = new Map(ends.map((end) => [`${end.subscriber} ${end.id}`, end]));
  const ended = [...last.values()].flatMap(({ subscriber, id, state, row }): EndedMessage[] => {
    const envelope = committed.get(id)?.envelope;
    if (!envelope) return [];
    const { type } = envelope;
    const payload = payloadOf(envelope);
    const { reason, hops } = row;
    return [{ subscriber, state, id, type, payload, endedAt: hops.ended, ...(reason && { reason }) }];
  });
  return {
    rows,
    done,
    ended,
    committed: [...committed.values()].map(({ envelope }) => ({
      id: envelope.id,
      type: envelope.type,
      payload: payloadOf(envelope),
    })),
    undecided: halves.flatMap(({ states }) => {
      const row = states.at(-1)?.row;
      return row?.state === 'prepared' ? [row.transaction] : [];
    }),
  };
}
