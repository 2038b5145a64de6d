import type { AnyTable, TableItem } from '../../contract/index.ts';
import { LOSSES } from '../faults/fault.ts';
import { RELAY, STEPS } from '../faults/site.ts';
import type { EndedMessage, RunState } from '../run/run-state.ts';
import type { World } from '../run/world.ts';
import type { System } from '../system.ts';
import { checkCauses } from './check-causes.ts';
import { checkEffects } from './check-effects.ts';
import { checkHealing } from './check-healing.ts';
import { checkLoss } from './check-loss.ts';
import { checkPromises } from './check-promises.ts';
import { checkSending } from './check-sending.ts';
import { checkTraces } from './check-traces.ts';
import type { Evidence } from './evidence.ts';
import type { SendingEvidence } from './sending-evidence.ts';
import type { Violation } from './violation.ts';

export interface Checked {
  readonly evidence: Evidence;
  readonly sending: SendingEvidence;
  readonly ledger: string;
  /** Whether nothing was left to do when the bound was over. */
  readonly isIdle: boolean;
}

/**
 * Judges a run by its record: what engines have committed, and what the simulated Lambda has been asked for. Nothing that
 * the code under test says of itself is believed.
 */
export function checkRun(
  system: System,
  world: World,
  { evidence, sending, ledger, isIdle }: Checked,
): readonly Violation[] {
  const { faults } = world;
  const skewed = faults.has(['clock-skew']);
  const relayed = !faults.has(LOSSES, `${RELAY}.${STEPS.receive}`);
  const late: Violation[] = isIdle
    ? []
    : [{ invariant: 'T', what: 'something is still going on when the bound is over' }];
  return [
    ...late,
    ...checkLoss(system, evidence, { isIdle, loses: faults.has(LOSSES) }),
    ...checkPromises(system, world.record, { ledger, skewed }),
    ...checkEffects(system, evidence),
    ...checkCauses(system, evidence),
    ...checkTraces(system, evidence, sending, { skewed, relayed }),
    ...checkSending(system, world.record, { evidence, sending, faults }),
    ...checkHealing(system, world.record, {
      ledger,
      committed: evidence.committed.size,
      inSight: (queue) => !faults.has(['clock-skew', 'more-shards']) && !faults.has(['delay'], `${queue}.sent`),
      onTime: !faults.has(['clock-skew', 'request-late', 'apply-late', 'reply-late']),
    }),
    ...checkInvariant(system, world, evidence, sending),
  ];
}

function checkInvariant(
  { invariant }: System,
  world: World,
  evidence: Evidence,
  sending: SendingEvidence,
): Violation[] {
  return (invariant?.(stateOf(world, evidence, sending)) ?? []).map((what) => ({ invariant: 'M', what }));
}

function stateOf(
  { engines: { dynamodb } }: World,
  { committed, ends }: Evidence,
  { halves }: SendingEvidence,
): RunState {
  const last = new Map(ends.map((end) => [`${end.subscriber} ${end.id}`, end]));
  const ended = [...last.values()].flatMap(({ subscriber, id, state, row }): EndedMessage[] => {
    const envelope = committed.get(id)?.envelope;
    if (!envelope) return [];
    const { type, data } = envelope;
    return [
      {
        subscriber,
        state,
        id,
        type,
        payload: data,
        endedAt: row.hops.ended,
        ...(row.reason && { reason: row.reason }),
      },
    ];
  });
  return {
    rows: <Table extends AnyTable>({ name }: Table) =>
      (dynamodb.hasTable(name) ? dynamodb.table(name).rows() : []) as TableItem<Table>[],
    ended,
    committed: [...committed.values()].map(({ envelope: { id, type, data } }) => ({ id, type, payload: data })),
    undecided: halves.flatMap(({ states }) => {
      const row = states.at(-1)?.row;
      return row?.state === 'prepared' ? [row.transaction] : [];
    }),
  };
}
