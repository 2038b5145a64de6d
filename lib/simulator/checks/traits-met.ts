import { CHECK_BACK, FORWARDER, PRODUCER, RECONCILER, SWEEP } from '../faults/site.ts';
import { TRAITS, type Trait } from '../faults/traits.ts';
import { decoded, textsIn } from '../run/envelopes.ts';
import type { InvocationEntry, RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Evidence } from './evidence.ts';
import type { SagaRun } from './saga-runs.ts';

/** Earlier than this, in milliseconds, what was received goes back to wait. */
const HOLD_MS = 1_500;

type Meet = (trait: Trait, times?: number) => void;

/** How often traits were met in a run, by the record alone. */
export function traitsMet(
  system: System,
  { entries }: RunRecord,
  evidence: Evidence,
  sagas: readonly SagaRun[],
): Record<string, number> {
  const met: Partial<Record<Trait, number>> = {};
  const meet: Meet = (trait, times = 1) => {
    if (times > 0) met[trait] = (met[trait] ?? 0) + times;
  };
  meetSent(evidence, meet);
  for (const run of sagas) meetSaga(run, evidence, meet);
  /** Where each half message's owner was first asked. */
  const askedAt = new Map<string, number>();
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === 'invocation') meetVersions(system, entry, meet);
    if (entry.kind !== 'queue' || entry.event.kind !== 'received') continue;
    const { queue, message } = entry.event;
    if (queue === CHECK_BACK) {
      const half = fieldIn(message.body, 'half');
      if (half !== undefined && !askedAt.has(half)) askedAt.set(half, place);
    } else if (queue !== FORWARDER) {
      const deliverAt = evidence.deliverAt.get(fieldIn(message.body, 'id') ?? '');
      if (deliverAt !== undefined && entry.at < deliverAt - HOLD_MS) meet(TRAITS.hop);
    }
  }
  meetHalves(evidence, askedAt, meet);
  return met;
}

function meetSent({ ends, carried, deliverAt, cancelled, sending, acknowledged }: Evidence, meet: Meet): void {
  meet(TRAITS.delayed, ends.filter(({ id, state }) => state === 'handled' && deliverAt.has(id)).length);
  for (const { by, to, envelope, text } of carried) {
    if (by === SWEEP && envelope && to !== FORWARDER) meet(TRAITS.swept);
    if (!by && to === FORWARDER && text.startsWith('{"due":')) meet(TRAITS.scheduled);
    if (by === RECONCILER && to === FORWARDER && envelope && sending.has(envelope.id)) meet(TRAITS.pendingHealed);
  }
  meet(TRAITS.redriveHandled, ends.filter(({ state, row }) => state === 'handled' && row.redrive !== undefined).length);
  for (const state of sending.values()) if (state === 'sent') meet(TRAITS.sent);
  for (const { replacedBy } of cancelled.values()) meet(replacedBy ? TRAITS.rescheduled : TRAITS.cancelled);
  for (const { kept } of acknowledged) meet(TRAITS.tooLate, kept.length);
}

function meetSaga({ execution, steps, ends, stuck }: SagaRun, { committed }: Evidence, meet: Meet): void {
  if (ends[0] !== undefined) meet(ends[0] === 'completed' ? TRAITS.sagaCompleted : TRAITS.sagaCompensated);
  if (ends[0] !== undefined) meet(TRAITS.sagaStuck, stuck);
  meet(TRAITS.sagaVoid, [...steps.values()].filter((states) => states.at(-1) === 'void').length);
  const told = new Map<string, number>();
  for (const { envelope } of committed.values()) {
    if (envelope.causationid !== execution || !envelope.type.startsWith('step.')) continue;
    const command = `${envelope.type} ${fieldIn(JSON.stringify(envelope.data ?? {}), 'step')}`;
    told.set(command, (told.get(command) ?? 0) + 1);
  }
  meet(TRAITS.sagaToldAgain, [...told.values()].filter((times) => times > 1).length);
}

function meetHalves({ halves }: Evidence, askedAt: ReadonlyMap<string, number>, meet: Meet): void {
  for (const { id, states } of halves) {
    if (states.at(-1)?.row.quarantined !== undefined) meet(TRAITS.halfUnanswered);
    const decided = states.find(({ row }) => row.state !== 'prepared');
    if (!decided) continue;
    const { row, origin, place } = decided;
    if (row.state !== 'committed') meet(TRAITS.halfRolledBack);
    else meet(origin?.actor === CHECK_BACK ? TRAITS.halfCheckedBack : TRAITS.halfCommitted);
    if (origin?.actor === PRODUCER && (askedAt.get(id) ?? Infinity) < place) meet(TRAITS.halfAskedEarly);
  }
}

/** A subscriber was given a message of a version before its own, or its former code one of a version after. */
function meetVersions({ subscribers }: System, { actor, event, old }: InvocationEntry, meet: Meet): void {
  const consumes = subscribers.find(({ name }) => name === actor)?.consumes.filter(({ version }) => version > 1);
  if (!consumes || consumes.length === 0) return;
  for (const text of textsIn(event)) {
    const envelope = decoded(text);
    const definition = consumes.find(({ type }) => type === envelope?.type);
    if (!envelope || !definition) continue;
    const isNewest = envelope.version === definition.version;
    if (isNewest && old) meet(TRAITS.newerVersion);
    if (!isNewest && !old) meet(TRAITS.olderVersion);
  }
}

function fieldIn(text: string, name: string): string | undefined {
  return new RegExp(`"${name}":"([^"]+)"`).exec(text)?.[1];
}
