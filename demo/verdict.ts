import type { SubscriberDefinition } from 'waybill';
import type { Reconciliation } from 'waybill/operations';
import type { Audit, Finding } from './audit.ts';
import type { FunctionUsage } from './function-logs.ts';
import type { Poison } from './poison.ts';
import type { EndedMessage, TrackedMessage } from './tracker.ts';
import type { ReceivedLetter } from './wire.ts';

/** What a run came to: the object that `--json` prints, see docs/demo.md. */
export interface Verdict {
  readonly committed: number;
  readonly subscribers: Readonly<Record<string, Readonly<Record<'handled' | 'duplicates' | 'deadLettered', number>>>>;
  /** Ids of messages. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly conserved: boolean;
  readonly latencyMs: Latency;
  readonly perMessage: { readonly calls: number; readonly writeUnits: number };
}

export type Latency = Readonly<Record<'p50' | 'p99', number>>;

/** Everything that is known of a run. */
export interface Evidence {
  readonly subscribers: readonly SubscriberDefinition[];
  readonly committed: readonly TrackedMessage[];
  readonly ended: readonly EndedMessage[];
  /** Letters in the dead-letter queues, those of other runs included. */
  readonly letters: readonly ReceivedLetter[];
  readonly poison: readonly Poison[];
  readonly audit: Audit;
  /** Of the ledger since the run began, other runs included. */
  readonly reconciliation: Pick<Reconciliation, 'missing' | 'uncaused'>;
  readonly functions: FunctionUsage;
  readonly producer: { readonly calls: Readonly<Record<string, number>>; readonly writeUnits: number };
}

export function judge(evidence: Evidence): Verdict {
  const { subscribers, committed, ended, audit, functions, producer } = evidence;
  const letters = lettersOfRun(evidence);
  const calls = [functions, producer].flatMap((usage) => Object.values(usage.calls));
  const perMessage = (sum: number) => (committed.length === 0 ? 0 : Math.round((sum / committed.length) * 100) / 100);
  const countsAt = (name: string) => {
    const states = Map.groupBy(endedAt(ended, name), ({ row }) => row.state);
    const duplicates = (states.get('duplicate')?.length ?? 0) + copiesSkipped(functions, name, ended);
    const deadLettered = letters.filter(({ subscriber }) => subscriber === name).length;
    return { handled: states.get('handled')?.length ?? 0, duplicates, deadLettered };
  };
  return {
    committed: committed.length,
    subscribers: Object.fromEntries(subscribers.map(({ name }) => [name, countsAt(name)])),
    lost: [...new Set([...withoutEnd(evidence), ...concerned(evidence, 'lost')])],
    doubled: [...new Set(concerned(evidence, 'doubled'))],
    conserved: audit.conserved,
    latencyMs: latencyOf(ended),
    perMessage: {
      calls: perMessage(calls.reduce((sum, count) => sum + count, 0)),
      writeUnits: perMessage(functions.writeUnits + producer.writeUnits),
    },
  };
}

/**
 * Deliveries beyond a message's first that a subscriber has skipped, as its functions counted them. A copy that races the
 * original of a business duplicate counts as one itself, so what the messages have ended as is taken off.
 */
export function copiesSkipped(functions: FunctionUsage, name: string, ended: readonly EndedMessage[]): number {
  const { already = 0, duplicate = 0 } = functions.outcomes[name] ?? {};
  const messages = endedAt(ended, name).filter(({ row }) => row.state === 'duplicate').length;
  return Math.max(0, already + duplicate - messages);
}

export function endedAt(ended: readonly EndedMessage[], name: string): EndedMessage[] {
  return ended.filter(({ subscriber }) => subscriber === name);
}

/** The letters of this run: its poison, and its messages. */
export function lettersOfRun({ letters, poison, committed }: Evidence): ReceivedLetter[] {
  const known = new Set([...poison.map(({ sha256 }) => sha256), ...committed.map(({ id }) => id)]);
  return letters.filter(({ sha256, messageId = '' }) => known.has(sha256) || known.has(messageId));
}

type Posted = Pick<Evidence, 'letters' | 'poison' | 'ended'>;

/** How many dead letters are missing: of poison, and of messages that ended as dead. */
export function lettersMissing(evidence: Posted): number {
  return missingPoison(evidence).length + deadWithoutLetter(evidence).length;
}

function deadWithoutLetter({ letters, ended }: Omit<Posted, 'poison'>): EndedMessage[] {
  const posted = new Set(letters.map(({ subscriber, messageId }) => `${subscriber} ${messageId}`));
  return ended.filter((end) => end.row.state === 'dead' && !posted.has(`${end.subscriber} ${end.message.id}`));
}

/** Poison that is not in its subscriber's dead-letter queue. */
export function missingPoison({ letters, poison }: Omit<Posted, 'ended'>): Poison[] {
  const reasons = reasonsOf(letters);
  return poison.filter((one) => !reasons.has(recordOf(one)));
}

/** Poison that was dead-lettered for another reason than its own, with that reason. */
export function misjudgedPoison({ letters, poison }: Omit<Posted, 'ended'>) {
  const reasons = reasonsOf(letters);
  const judged = poison.map((one) => ({ ...one, given: reasons.get(recordOf(one)) ?? one.reason }));
  return judged.filter(({ reason, given }) => given !== reason);
}

function reasonsOf(letters: readonly ReceivedLetter[]): ReadonlyMap<string, string> {
  return new Map(letters.map((letter) => [recordOf(letter), letter.reason]));
}

function recordOf({ subscriber, sha256 }: Pick<Poison, 'subscriber' | 'sha256'>): string {
  return `${subscriber} ${sha256}`;
}

/** Orders whose message was dead-lettered, by subscriber. An order with a second message that was handled is not. */
export function stoppedOrders(ended: readonly EndedMessage[]): Record<string, ReadonlySet<string>> {
  const stopped = [...Map.groupBy(ended, ({ subscriber }) => subscriber)].map(([subscriber, ends]) => {
    const orders = (state: string) =>
      new Set(ends.flatMap(({ row, message }) => (row.state === state ? [message.orderId] : [])));
    return [subscriber, orders('dead').difference(orders('handled'))] as const;
  });
  return Object.fromEntries(stopped);
}

/** The ids of the messages that have ended at every subscriber of theirs. */
export function endedEverywhere({
  subscribers,
  committed,
  ended,
}: Pick<Evidence, 'subscribers' | 'committed' | 'ended'>) {
  const ends = new Set(ended.map(({ subscriber, message }) => `${subscriber} ${message.id}`));
  const isOver = ({ id, type }: TrackedMessage) =>
    subscribers.every(
      ({ name, consumes }) => consumes.every((event) => event.type !== type) || ends.has(`${name} ${id}`),
    );
  return new Set(committed.filter(isOver).map(({ id }) => id));
}

/** Messages that have not ended somewhere, ended as dead without a letter, or of which the ledger itself says so. */
function withoutEnd(evidence: Evidence): string[] {
  const { committed, reconciliation } = evidence;
  const over = endedEverywhere(evidence);
  const ids = committed.map(({ id }) => id);
  const told = new Set([...reconciliation.missing, ...reconciliation.uncaused].map(({ id }) => id));
  const unposted = deadWithoutLetter(evidence).map(({ message }) => message.id);
  return [...ids.filter((id) => !over.has(id)), ...unposted, ...ids.filter((id) => told.has(id))];
}

/** The messages behind what the business tables lack or have too much of. */
function concerned({ subscribers, committed, ended, audit }: Evidence, kind: Finding['kind']): string[] {
  const ofOrder = Map.groupBy(committed, ({ orderId }) => orderId);
  const findings = audit.findings.filter((finding) => finding.kind === kind);
  return findings.flatMap(({ step, orderIds }) => {
    const types = subscribers.find(({ name }) => name === step)?.consumes.map(({ type }) => type);
    const handled = endedAt(ended, step).filter(({ row }) => row.state === 'handled');
    const ids = new Set(handled.map(({ message }) => message.id));
    return orderIds.map((orderId) => {
      const messages = ofOrder.get(orderId) ?? [];
      const due = messages.filter(({ type }) => types?.includes(type) ?? true);
      // Of several messages of an order, the one that was handled is the one whose effect is wrong.
      return (due.find(({ id }) => ids.has(id)) ?? due[0] ?? messages[0])?.id ?? orderId;
    });
  });
}

/** From commit until handled, in milliseconds. */
export function latencyOf(ended: readonly EndedMessage[]): Latency {
  const handled = ended.filter(({ row }) => row.state === 'handled');
  const latencies = handled.map(({ row }) => row.hops.ended - row.hops.committed).sort((one, other) => one - other);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

/** The value below which that share of the sorted values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
