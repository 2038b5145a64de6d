import type { Envelope } from '../../message/envelope.ts';
import { decoded } from '../run/envelopes.ts';
import { type System, streamOf } from '../system.ts';
import type { End, Evidence } from './evidence.ts';
import type { KeyOrder } from './key-order.ts';
import type { Violation } from './violation.ts';

/** L and T: every committed message has ended at every subscriber that consumes it, and a dead one lies in the dead letters. */
export function checkLoss(
  system: System,
  evidence: Evidence,
  order: KeyOrder,
  { isIdle, loses }: { readonly isIdle: boolean; readonly loses: boolean },
): Violation[] {
  const { committed, ends, acknowledged, expectations } = evidence;
  const last = new Map(ends.map((end) => [`${end.subscriber} ${end.id}`, end]));
  const violations: Violation[] = [];
  const missing = (what: string) => violations.push({ invariant: 'L', what });
  for (const id of acknowledged.flatMap(({ ids }) => ids)) {
    if (!committed.has(id)) missing(`a producer was told that ${id} is committed, and it is not in the ledger`);
  }
  for (const { name } of system.subscribers) {
    for (const { envelope } of committed.values()) {
      if (!expectations.has(name, envelope)) continue;
      const end = last.get(`${name} ${envelope.id}`);
      // What waits for a dead message is named with it.
      if (!end && order.isBlocked(name, envelope.id)) continue;
      if (!end) {
        const invariant = isIdle ? 'L' : 'T';
        violations.push({ invariant, what: `${envelope.type} ${envelope.id} has not ended at ${name}` });
      } else if (end.state === 'dead') {
        const wrong = wrongLetter(evidence, end, envelope);
        if (wrong) missing(`${envelope.type} ${envelope.id} is dead at ${name}, and ${wrong}`);
      }
    }
    for (const [id, times] of timesGiven(evidence, name)) {
      if (times > MOST_DELIVERIES && times > MOST_DELIVERIES + copiesBefore(evidence, name, id))
        violations.push({
          invariant: 'T',
          what: `${id} was given to ${name} ${times} times, though nothing failed any more`,
        });
    }
    // Where messages are lost, nobody finds bytes again that are none.
    for (const text of loses || expectations.wasRemoved(name) ? [] : poisonOf(system, evidence, name)) {
      const isThere = evidence.carried.some((one) => one.to === `${name}-dead` && one.text === text);
      if (!isThere) missing(`bytes that are no message are not among the dead letters of ${name}: ${text}`);
    }
  }
  return violations;
}

/** So often a message may be given to a subscriber once nothing fails any more: an attempt backs off, and is counted. */
const MOST_DELIVERIES = 40;

/** How often each message was given to a subscriber once nothing failed any more. */
function timesGiven({ given, begun, healed }: Evidence, subscriber: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const [invocation, texts] of given) {
    if (!invocation.startsWith(`${subscriber} `) || (begun.get(invocation) ?? 0) < healed.place) continue;
    for (const text of texts) {
      const id = decoded(text)?.id;
      if (id !== undefined) times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  return times;
}

/** How many copies came for a subscriber while something failed: whoever stood still has them all given once nothing does. */
function copiesBefore({ carried, healed }: Evidence, subscriber: string, id: string): number {
  return carried.filter(({ to, envelope, place }) => to === subscriber && envelope?.id === id && place < healed.place)
    .length;
}

/** What is wrong with the letter of a dead message, if something is. */
function wrongLetter({ carried }: Evidence, { subscriber, id }: End, envelope: Envelope): string | undefined {
  const letters = carried.filter(({ to, letterOf }) => to === `${subscriber}-dead` && letterOf === id);
  if (letters.length === 0) return 'there is no dead letter of it';
  const complete = letters.some((letter) => letter.reason && payloadIn(letter.envelope) === payloadIn(envelope));
  return complete ? undefined : 'its dead letter lacks the reason or the envelope';
}

/** The payload as it is carried, whether or not it is compressed. */
function payloadIn(envelope: Envelope | undefined): string | undefined {
  return envelope && (envelope.data_base64 ?? JSON.stringify(envelope.data));
}

/** Bytes that are no message, as they came to a subscriber. */
function poisonOf(system: System, { carried }: Evidence, subscriber: string): string[] {
  const sources = [subscriber, streamOf(system, subscriber)];
  return carried
    .filter(({ to, envelope, reason }) => sources.includes(to) && !envelope && reason === undefined)
    .map(({ text }) => text);
}
