import { RECONCILER } from '../faults/site.ts';
import { type System, streamOf } from '../system.ts';
import type { Evidence } from './evidence.ts';
import type { Violation } from './violation.ts';

/** C: every message that ended, was sent or was published has a committed cause, and was given to the subscriber that ended it. */
export function checkCauses(system: System, evidence: Evidence): Violation[] {
  const { committed, ends, carried, expectations } = evidence;
  const violations: Violation[] = [];
  const uncaused = (what: string) => violations.push({ invariant: 'C', what });
  const isCommitted = (id: string, place: number) => (committed.get(id)?.place ?? Infinity) < place;

  for (const { subscriber, id, place, state } of ends) {
    if (!isCommitted(id, place)) uncaused(`${id} ended as ${state} at ${subscriber}, and was never committed`);
    const envelope = committed.get(id)?.envelope;
    if (!envelope || expectations.has(subscriber, envelope) || expectations.mayLinger(subscriber, envelope)) continue;
    if (state !== 'cancelled' || !expectations.mayAdopt(subscriber, envelope))
      uncaused(`${id} ended as ${state} at ${subscriber}, which is not to get it`);
  }
  for (const { envelope, to, place } of carried) {
    if (envelope && !isCommitted(envelope.id, place))
      uncaused(`${envelope.id} was sent to ${to} before it was committed`);
  }
  for (const { envelope, place } of committed.values()) {
    const { id, causationid } = envelope;
    if (causationid && !isCommitted(causationid, place))
      uncaused(`${id} was caused by ${causationid}, which was never committed`);
  }
  for (const { name, consumes } of system.subscribers) {
    const stream = streamOf(system, name);
    for (const { to, envelope } of carried) {
      if (to !== name || !envelope || consumes.some(({ type }) => type === envelope.type)) continue;
      uncaused(`${envelope.type} ${envelope.id} was sent to ${name}, which does not consume it`);
    }
    // What a stream's subscriber has in its queue was parked there, or redriven: it came by the stream first, unless
    // reconciliation has sent what the stream has lost.
    if (stream === undefined) continue;
    const streamed = new Set(carried.filter(({ to }) => to === stream).map(({ envelope }) => envelope?.id));
    const healed = new Set(carried.filter(({ by }) => by === RECONCILER).map(({ envelope }) => envelope?.id));
    for (const { to, envelope } of carried) {
      if (to === name && envelope && !streamed.has(envelope.id) && !healed.has(envelope.id))
        uncaused(`${envelope.id} is parked at ${name}, and never came by ${stream}`);
    }
  }
  return violations;
}
