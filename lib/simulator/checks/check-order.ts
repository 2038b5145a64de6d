import type { RecordEntry } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { End, Evidence } from './evidence.ts';
import { keyPlaceOf } from './key-order.ts';
import type { Violation } from './violation.ts';

/**
 * O: at an ordered subscriber the messages of a key take effect by their numbers, and none before all that it follows there
 * have ended: a dead one has ended only where the subscriber skips it, or it has expired. None is parked whose turn has come,
 * for nobody would send it.
 */
export function checkOrder(system: System, evidence: Evidence, entries: readonly RecordEntry[]): Violation[] {
  const parkings = entries.flatMap(parkingsIn);
  return system.subscribers.flatMap(({ name, ordered }) =>
    ordered ? ordersAt(name, ordered.onDead, evidence, parkings) : [],
  );
}

/** A message that was parked at a subscriber. */
interface Parking {
  readonly subscriber: string;
  readonly id: string;
  /** Its place in the record. */
  readonly place: number;
}

function parkingsIn(entry: RecordEntry, place: number): Parking[] {
  if (entry.kind !== 'row' || entry.row?.kind !== 'parked') return [];
  const { before, after } = entry.change;
  const id = after?.id?.S;
  return before || id === undefined || after?.pass ? [] : [{ subscriber: entry.row.of, id, place }];
}

interface Numbered {
  readonly id: string;
  readonly type: string;
  readonly number: number;
  /** Its place in the record. */
  readonly place: number;
}

function ordersAt(
  subscriber: string,
  onDead: 'block' | 'skip',
  evidence: Evidence,
  parkings: readonly Parking[],
): Violation[] {
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
  for (const { id, place } of parkings.filter((one) => one.subscriber === subscriber)) {
    const own = places.get(id);
    const before =
      own && lastBefore(own.number, groups.get(own.group) ?? [], (one) => expectations.has(subscriber, one));
    const handled = ends.some(
      (end) => end.subscriber === subscriber && end.id === before?.id && end.state === 'handled' && end.place < place,
    );
    if (handled) wrong(`${id}, number ${own?.number} of '${own?.group}', was parked though ${before?.id} was handled`);
  }
  return violations;
}

/** The message with the greatest number below another that a subscriber expects. */
function lastBefore(
  number: number,
  group: readonly Numbered[],
  isExpected: (one: Numbered) => boolean,
): Numbered | undefined {
  return group
    .filter((one) => one.number < number && isExpected(one))
    .reduce<Numbered | undefined>((last, one) => (last && last.number > one.number ? last : one), undefined);
}

/** Whether those behind a message may go on once it has so ended. */
function passes(end: End | undefined, onDead: 'block' | 'skip'): boolean {
  return end !== undefined && (end.state !== 'dead' || onDead === 'skip' || end.row.reason === 'expired');
}
