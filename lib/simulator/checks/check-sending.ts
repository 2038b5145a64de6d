import { MINUTE_MS } from '../../contract/time.ts';
import { FORWARDER, PRODUCER } from '../faults/site.ts';
import type { System } from '../system.ts';
import type { Evidence } from './evidence.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** By how much a clock that is wrong differs. */
const SKEW_MS = 5 * MINUTE_MS;
/** How late a message may be when nothing has failed on its way. */
const LATENESS_MS = 15_000;

/**
 * What holds of messages that wait for their moments, are cancelled, or are sent by handshake or as half messages: none is
 * early, and none is late for want of a sweep; a cancelled one takes effect nowhere, all others everywhere; one
 * that was rescheduled takes effect once, the old or the new; a half message is decided once, and stays so; and no
 * producer was told what is not so.
 */
export function checkSending(system: System, evidence: Evidence, leniency: Leniency): Violation[] {
  return [
    ...wrongMoments(evidence, leniency),
    ...wrongCancellations(system, evidence),
    ...wrongHalves(evidence),
    ...wrongAnswers(evidence),
    ...wrongMarks(evidence),
  ];
}

/** P: nothing is handled before its moment; nor long after it, where nothing failed but a few runs of sweep or reconciler. */
function wrongMoments({ ends, deliverAt }: Evidence, { skewed, punctual }: Leniency): Violation[] {
  const early = skewed ? SKEW_MS : 0;
  return ends.flatMap(({ id, subscriber, state, at }): Violation[] => {
    const moment = deliverAt.get(id);
    if (moment === undefined || state !== 'handled') return [];
    const error = at - moment;
    const what = `${id} was handled at ${subscriber} ${Math.abs(error)} ms ${error < 0 ? 'before' : 'after'} its moment`;
    const isWrong = error < -early || (punctual && error > LATENESS_MS);
    return isWrong ? [{ invariant: 'P', what }] : [];
  });
}

function wrongCancellations({ subscribers }: System, evidence: Evidence): Violation[] {
  const { committed, ends, cancelled, expectations } = evidence;
  const violations: Violation[] = [];
  for (const { id, subscriber, state } of ends) {
    const isCancelled = cancelled.has(id);
    if (isCancelled && state !== 'cancelled' && state !== 'abandoned')
      violations.push({ invariant: 'C', what: `${id} was cancelled, and ended as ${state} at ${subscriber}` });
    if (!isCancelled && state === 'cancelled')
      violations.push({ invariant: 'L', what: `${id} ended as cancelled at ${subscriber}, and nobody cancelled it` });
  }
  for (const { id, replacedBy, commit } of cancelled.values()) {
    const envelope = committed.get(id)?.envelope;
    for (const { name } of subscribers) {
      if (!envelope || !expectations.has(name, envelope)) continue;
      // Who comes later, or was given up, is no part of it.
      if (expectations.waitedFor(name, envelope.type) || expectations.wasRemoved(name)) continue;
      if (!ends.some((end) => end.id === id && end.subscriber === name && end.commit === commit))
        violations.push({ invariant: 'C', what: `${id} was cancelled, but not at ${name} in the same transaction` });
    }
    if (replacedBy !== undefined && committed.get(replacedBy)?.commit !== commit)
      violations.push({ invariant: 'L', what: `${id} was cancelled without ${replacedBy}, which is in its place` });
  }
  return violations;
}

/** A half message is `prepared`, then decided, then never changed; its message is committed with the decision. */
function wrongHalves({ committed, halves }: Evidence): Violation[] {
  const violations: Violation[] = [];
  for (const { id, states } of halves) {
    for (const [index, { row, commit }] of states.entries()) {
      const before = states[index - 1]?.row;
      if (before && before.state !== 'prepared' && before.state !== row.state)
        violations.push({ invariant: 'C', what: `the half message ${id} is ${row.state}, and was ${before.state}` });
      if (row.state !== 'committed' || before?.state === 'committed') continue;
      if (committed.get(row.message ?? '')?.commit !== commit)
        violations.push({ invariant: 'L', what: `the half message ${id} is committed without its message` });
    }
    const last = states.at(-1)?.row;
    if (last?.state === 'prepared' && last.quarantined === undefined)
      violations.push({ invariant: 'L', what: `the half message ${id} is undecided, and nobody is told` });
  }
  return violations;
}

/** What is marked as sent has come to the forward queue before. */
function wrongMarks({ carried, marked }: Evidence): Violation[] {
  return [...marked].flatMap(([id, place]): Violation[] => {
    const isSent = carried.some((one) => one.to === FORWARDER && one.envelope?.id === id && one.place < place);
    return isSent ? [] : [{ invariant: 'X', what: `${id} is marked as sent, and was not` }];
  });
}

/** What producers were told is so. `checkLoss` looks for the messages that they were told are committed. */
function wrongAnswers({ acknowledged, cancelled: all, effects }: Evidence): Violation[] {
  return acknowledged.flatMap(({ cancelled, kept, refused, invocation }): Violation[] => {
    const wrong: Violation[] = [];
    for (const id of cancelled) {
      if (!all.has(id))
        wrong.push({ invariant: 'C', what: `a producer was told that ${id} was cancelled, and it was not` });
    }
    for (const id of kept) {
      if (all.has(id))
        wrong.push({ invariant: 'L', what: `a producer was told that ${id} goes on, and it was cancelled` });
    }
    const own = effects.filter(({ origin }) => origin.actor === PRODUCER && origin.invocation === invocation);
    for (const { id } of refused ? own.flatMap(({ published }) => published) : [])
      wrong.push({ invariant: 'C', what: `a producer was told that nothing was sent, and ${id} is committed` });
    return wrong;
  });
}
