import type { FaultPlan } from '../faults/fault-plan.ts';
import { FORWARDER, PRODUCER, RECONCILER, SWEEP } from '../faults/site.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Evidence } from './evidence.ts';
import type { SendingEvidence } from './sending-evidence.ts';
import type { Violation } from './violation.ts';

export interface SendingChecked {
  readonly evidence: Evidence;
  readonly sending: SendingEvidence;
  readonly faults: FaultPlan;
}

/** By how much a clock that is wrong differs. */
const SKEW = 5 * 60_000;
/** How late a message may be when nothing has failed on its way. */
const LATENESS = 15_000;
/** Runs of the sweep in a row that may fail. */
const SPARE_RUNS = 8;

/**
 * What holds of messages that wait for their moments, are taken back, or are sent by handshake or as half messages: none is
 * early, and none is late for want of a sweep; one that was taken back takes effect nowhere, all others everywhere; one
 * that was rescheduled takes effect once, the old or the new; a half message is decided once, and stays so; and no
 * producer was told what is not so.
 */
export function checkSending(system: System, record: RunRecord, checked: SendingChecked): Violation[] {
  return [
    ...wrongMoments(record, checked),
    ...wrongWithdrawals(system, checked),
    ...wrongHalves(checked),
    ...wrongAnswers(checked),
    ...wrongMarks(checked),
  ];
}

/** P: nothing is handled before its moment; nor long after it, where nothing failed but a few runs of sweep or reconciler. */
function wrongMoments({ entries }: RunRecord, { evidence, sending, faults }: SendingChecked): Violation[] {
  const early = faults.has(['clock-skew']) ? SKEW : 0;
  const punctual = isPunctual(faults);
  return evidence.ends.flatMap(({ id, subscriber, state, place }): Violation[] => {
    const moment = sending.moments.get(id);
    if (moment === undefined || state !== 'handled') return [];
    const error = (entries[place]?.at ?? 0) - moment;
    const what = `${id} was handled at ${subscriber} ${Math.abs(error)} ms ${error < 0 ? 'before' : 'after'} its moment`;
    const isWrong = error < -early || (punctual && error > LATENESS);
    return isWrong ? [{ invariant: 'P', what }] : [];
  });
}

/** Whether nothing has failed that makes a message late. */
function isPunctual({ happened, fired }: FaultPlan): boolean {
  let failed = fired['schedule-missed'] ?? 0;
  for (const one of happened) {
    const [site = '', kind = ''] = one.split(' ');
    const [actor] = site.split('.');
    if (kind === 'schedule-missed' || kind === 'schedule-twice' || kind === 'stale') continue;
    if (kind === 'clock-skew' || kind === 'more-shards') return false;
    if (actor !== SWEEP && actor !== RECONCILER) return false;
    failed += 3;
  }
  return failed <= SPARE_RUNS;
}

function wrongWithdrawals({ subscribers }: System, { evidence, sending }: SendingChecked): Violation[] {
  const { committed, ends } = evidence;
  const violations: Violation[] = [];
  for (const { id, subscriber, state } of ends) {
    const isWithdrawn = sending.withdrawn.has(id);
    if (isWithdrawn && state !== 'cancelled')
      violations.push({ invariant: 'C', what: `${id} was taken back, and ended as ${state} at ${subscriber}` });
    if (!isWithdrawn && state === 'cancelled')
      violations.push({ invariant: 'L', what: `${id} is cancelled at ${subscriber}, and nobody took it back` });
  }
  for (const { id, replacedBy, commit } of sending.withdrawn.values()) {
    const envelope = committed.get(id)?.envelope;
    for (const { name, consumes } of subscribers) {
      if (!consumes.some(({ type }) => type === envelope?.type)) continue;
      if (!ends.some((end) => end.id === id && end.subscriber === name && end.commit === commit))
        violations.push({ invariant: 'C', what: `${id} was taken back, but not at ${name} in the same transaction` });
    }
    if (replacedBy !== undefined && committed.get(replacedBy)?.commit !== commit)
      violations.push({ invariant: 'L', what: `${id} was taken back without ${replacedBy}, which is in its place` });
  }
  return violations;
}

/** A half message is `prepared`, then decided, then never changed; its message is committed with the decision. */
function wrongHalves({ evidence, sending }: SendingChecked): Violation[] {
  const violations: Violation[] = [];
  for (const { id, states } of sending.halves) {
    for (const [index, { row, commit }] of states.entries()) {
      const before = states[index - 1]?.row;
      if (before && before.state !== 'prepared' && before.state !== row.state)
        violations.push({ invariant: 'C', what: `the half message ${id} is ${row.state}, and was ${before.state}` });
      if (row.state !== 'committed' || before?.state === 'committed') continue;
      if (evidence.committed.get(row.message ?? '')?.commit !== commit)
        violations.push({ invariant: 'L', what: `the half message ${id} is committed without its message` });
    }
    const last = states.at(-1)?.row;
    if (last?.state === 'prepared' && last.quarantined === undefined)
      violations.push({ invariant: 'L', what: `the half message ${id} is undecided, and nobody is told` });
  }
  return violations;
}

/** What is marked as sent has come to the forward queue before. */
function wrongMarks({ evidence, sending }: SendingChecked): Violation[] {
  return [...sending.marked].flatMap(([id, place]): Violation[] => {
    const isSent = evidence.carried.some((one) => one.to === FORWARDER && one.envelope?.id === id && one.place < place);
    return isSent ? [] : [{ invariant: 'X', what: `${id} is marked as sent, and was not` }];
  });
}

/** What a producer was told is so. That what it was told is committed is there, `checkLoss` sees. */
function wrongAnswers({ evidence, sending }: SendingChecked): Violation[] {
  return sending.told.flatMap(({ cancelled, kept, refused, invocation }): Violation[] => {
    const wrong: Violation[] = [];
    for (const id of cancelled) {
      if (!sending.withdrawn.has(id))
        wrong.push({ invariant: 'C', what: `a producer was told that ${id} was taken back, and it was not` });
    }
    for (const id of kept) {
      if (sending.withdrawn.has(id))
        wrong.push({ invariant: 'L', what: `a producer was told that ${id} goes on, and it was taken back` });
    }
    const own = evidence.effects.filter(({ origin }) => origin.actor === PRODUCER && origin.invocation === invocation);
    for (const { id } of refused ? own.flatMap(({ published }) => published) : [])
      wrong.push({ invariant: 'C', what: `a producer was told that nothing was sent, and ${id} is committed` });
    return wrong;
  });
}
