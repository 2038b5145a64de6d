import type { System } from '../system.ts';
import type { End, Evidence } from './evidence.ts';
import { keyPlaceOf } from './key-order.ts';
import type { Violation } from './violation.ts';

/**
 * O: at an ordered subscriber the messages of a key take effect by their numbers, and none before all that it follows there
 * have ended: a dead one has ended only where the subscriber skips it, or it has expired.
 */
export function checkOrder(system: System, evidence: Evidence): Violation[] {
  return system.subscribers.flatMap(({ name, ordered }) => (ordered ? ordersAt(name, ordered.onDead, evidence) : []));
}

interface Numbered {
  readonly id: string;
  readonly type: string;
  readonly number: number;
  /** Its place in the record. */
  readonly place: number;
}

function ordersAt(subscriber: string, onDead: 'block' | 'skip', evidence: Evidence): Violation[] {
  const { committed, ends, expectations } = evidence;
  const groups = new Map<string, Numbered[]>();
  const places = new Map<string, { readonly group: string; readonly number: number }>();
  for (const [id, { envelope, place }] of committed) {
    const found = keyPlaceOf(envelope);
    if (!found) continue;
    places.set(id, found);
    groups.set(found.group, [
      ...(groups.get(found.group) ?? []),
      { id, type: envelope.type, number: found.number, place },
    ]);
  }
  const violations: Violation[] = [];
  const wrong = (what: string) => violations.push({ invariant: 'O', what: `${what} at ${subscriber}` });
  for (const [group, members] of groups) {
    const numbers = new Set(members.map(({ number }) => number));
    if (numbers.size < members.length) wrong(`two messages of '${group}' have one number`);
  }
  /** How each message has ended so far. */
  const ended = new Map<string, End>();
  const greatest = new Map<string, number>();
  for (const end of ends) {
    if (end.subscriber !== subscriber) continue;
    const own = places.get(end.id);
    if (own && end.state === 'handled') {
      const last = greatest.get(own.group) ?? 0;
      if (own.number <= last)
        wrong(`${end.id}, number ${own.number} of '${own.group}', took effect after number ${last}`);
      const before = (groups.get(own.group) ?? []).filter(
        (one) => one.number < own.number && expectations.has(subscriber, one) && !passes(ended.get(one.id), onDead),
      );
      for (const one of before) {
        const state = ended.get(one.id)?.state ?? 'open';
        wrong(`${end.id}, number ${own.number} of '${own.group}', took effect while number ${one.number} was ${state}`);
      }
      greatest.set(own.group, Math.max(last, own.number));
    }
    ended.set(end.id, end);
  }
  return violations;
}

/** Whether those behind a message may go on once it has so ended. */
function passes(end: End | undefined, onDead: 'block' | 'skip'): boolean {
  return end !== undefined && (end.state !== 'dead' || onDead === 'skip' || end.row.reason === 'expired');
}
