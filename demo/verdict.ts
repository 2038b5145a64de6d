import type { SubscriberDefinition } from 'waybill';
import type { Reconciliation } from 'waybill/operations';
import type { Finding } from './audit.ts';
import type { RunAudit } from './books.ts';
import type { ReceivedLetter } from './dead-letter-box.ts';
import type { FunctionUsage } from './function-logs.ts';
import type { Poison } from './poison.ts';
import type { EndedMessage, TrackedMessage } from './tracker.ts';

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

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Everything that is known of a run. */
export interface Evidence {
  readonly subscribers: readonly SubscriberDefinition[];
  readonly committed: readonly TrackedMessage[];
  readonly ended: readonly EndedMessage[];
  /** Letters in the dead-letter queues, those of other runs included. */
  readonly letters: readonly ReceivedLetter[];
  readonly poison: readonly Poison[];
  readonly audit: RunAudit;
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
  return {
    committed: committed.length,
    subscribers: Object.fromEntries(
      subscribers.map(({ name }) => {
        const states = Map.groupBy(endedAt(ended, name), ({ row }) => row.state);
        const duplicates = (states.get('duplicate')?.length ?? 0) + copiesSkipped(functions, name, ended);
        const deadLettered = letters.filter(({ subscriber }) => subscriber === name).length;
        return [name, { handled: states.get('handled')?.length ?? 0, duplicates, deadLettered }];
      }),
    ),
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
  const digests = new Set(poison.map(({ sha256 }) => sha256));
  const ids = new Set(committed.map(({ id }) => id));
  return letters.filter(({ sha256, messageId = '' }) => digests.has(sha256) || ids.has(messageId));
}

/** How many dead letters are missing: of poison, and of messages that ended as dead. */
export function lettersMissing(evidence: Pick<Evidence, 'letters' | 'poison' | 'ended'>): number {
  return missingPoison(evidence).length + deadWithoutLetter(evidence).length;
}

function deadWithoutLetter({ letters, ended }: Pick<Evidence, 'letters' | 'ended'>): EndedMessage[] {
  const posted = new Set(letters.map(({ subscriber, messageId }) => `${subscriber} ${messageId}`));
  return ended.filter(
    ({ row, subscriber, message }) => row.state === 'dead' && !posted.has(`${subscriber} ${message.id}`),
  );
}

/** Poison that is not in its subscriber's dead-letter queue. */
export function missingPoison({ letters, poison }: Pick<Evidence, 'letters' | 'poison'>): Poison[] {
  const reasons = reasonsOf(letters);
  return poison.filter((one) => !reasons.has(recordOf(one)));
}

/** Poison that was dead-lettered for another reason than its own, with that reason. */
export function misjudgedPoison({ letters, poison }: Pick<Evidence, 'letters' | 'poison'>) {
  const reasons = reasonsOf(letters);
  return poison
    .map((one) => ({ ...one, given: reasons.get(recordOf(one)) ?? one.reason }))
    .filter(({ reason, given }) => given !== reason);
}

function reasonsOf(letters: readonly ReceivedLetter[]): ReadonlyMap<string, string> {
  return new Map(letters.map((letter) => [recordOf(letter), letter.reason]));
}

function recordOf({ subscriber, sha256 }: Pick<Poison, 'subscriber' | 'sha256'>): string {
  return `${subscriber} ${sha256}`;
}

/** Orders whose message was dead-lettered, by subscriber. An order with a second message that was handled is not. */
export function stoppedOrders(ended: readonly EndedMessage[]): Record<string, ReadonlySet<string>> {
  const orderIds = (ends: readonly EndedMessage[], state: string) =>
    new Set(ends.filter(({ row }) => row.state === state).map(({ message }) => message.orderId));
  const stopped = [...Map.groupBy(ended, ({ subscriber }) => subscriber)].map(([subscriber, ends]) => {
    return [subscriber, orderIds(ends, 'dead').difference(orderIds(ends, 'handled'))] as const;
  });
  return Object.fromEntries(stopped);
}

/** Messages that have not ended somewhere, ended as dead without a letter, or of which the ledger itself says so. */
function withoutEnd(evidence: Evidence): string[] {
  const { subscribers, committed, ended, reconciliation } = evidence;
  const isEnd = new Set(ended.map(({ subscriber, message }) => `${subscriber} ${message.id}`));
  const open = committed.filter(({ id, type }) =>
    subscribers.some(
      ({ name, consumes }) => consumes.some((event) => event.type === type) && !isEnd.has(`${name} ${id}`),
    ),
  );
  const ofRun = new Set(committed.map(({ id }) => id));
  return [
    ...open.map(({ id }) => id),
    ...deadWithoutLetter(evidence).map(({ message }) => message.id),
    ...[...reconciliation.missing, ...reconciliation.uncaused].flatMap(({ id }) => (ofRun.has(id) ? [id] : [])),
  ];
}

/** The messages behind what the business tables lack or have too much of. */
function concerned({ subscribers, committed, ended, audit }: Evidence, kind: Finding['kind']): string[] {
  const ofOrder = Map.groupBy(committed, ({ orderId }) => orderId);
  return audit.findings
    .filter((finding) => finding.kind === kind)
    .flatMap(({ step, orderIds }) => {
      const types = subscribers.find(({ name }) => name === step)?.consumes.map(({ type }) => type);
      const handled = new Set(
        endedAt(ended, step).flatMap(({ row, message }) => (row.state === 'handled' ? [message.id] : [])),
      );
      return orderIds.map((orderId) => {
        const messages = ofOrder.get(orderId) ?? [];
        const due = messages.filter(({ type }) => types?.includes(type) ?? true);
        // Of several messages of an order, the one that was handled is the one whose effect is wrong.
        return (due.find(({ id }) => handled.has(id)) ?? due[0] ?? messages[0])?.id ?? orderId;
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
