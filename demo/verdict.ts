import type { SubscriberDefinition } from 'waybill';
import type { ReceivedLetter } from './dead-letter-box.ts';
import type { FunctionUsage } from './function-logs.ts';
import type { EndedMessage, TrackedMessage } from './message-tracker.ts';
import type { Poison } from './poison.ts';
import type { Finding, ShopAudit } from './shop.ts';

/** What a run came to: the object that `--json` prints. */
export interface Verdict {
  /** Messages that were committed, those that handlers published included. */
  readonly committed: number;
  readonly subscribers: Readonly<Record<string, SubscriberVerdict>>;
  /** Ids of committed messages that have not taken effect everywhere, nor been dead-lettered. */
  readonly lost: readonly string[];
  /** Ids of messages that took effect more than once. */
  readonly doubled: readonly string[];
  /** Whether money, stock and shipping notes add up in the business tables. */
  readonly conserved: boolean;
  /** From commit until handled. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** AWS calls and DynamoDB write units of producer and functions, divided by `committed`. */
  readonly perMessage: { readonly calls: number; readonly writeUnits: number };
}

export interface SubscriberVerdict {
  readonly handled: number;
  /** Messages and copies of messages that were skipped, since their effect was there. */
  readonly duplicates: number;
  /** Letters of this run in the dead-letter queue. */
  readonly deadLettered: number;
}

/** Everything that is known of a run. */
export interface Evidence {
  readonly subscribers: readonly SubscriberDefinition[];
  /** What lies in the outbox. */
  readonly committed: readonly TrackedMessage[];
  readonly ended: readonly EndedMessage[];
  /** Letters in the dead-letter queues, those of other runs included. */
  readonly letters: readonly ReceivedLetter[];
  readonly poison: readonly Poison[];
  readonly audit: ShopAudit;
  readonly functions: FunctionUsage;
  readonly producer: { readonly calls: Readonly<Record<string, number>>; readonly writeUnits: number };
}

export function judge(evidence: Evidence): Verdict {
  const { subscribers, committed, ended, audit, functions, producer } = evidence;
  const calls = total(functions.calls) + total(producer.calls);
  return {
    committed: committed.length,
    subscribers: Object.fromEntries(
      subscribers.map(({ name }) => {
        const here = ended.filter(({ subscriber }) => subscriber === name);
        const verdict: SubscriberVerdict = {
          handled: here.filter(({ row }) => row.state === 'handled').length,
          duplicates:
            here.filter(({ row }) => row.state === 'duplicate').length + copiesSkipped(functions, name, ended),
          deadLettered: lettersOfRun(evidence).filter(({ subscriber }) => subscriber === name).length,
        };
        return [name, verdict];
      }),
    ),
    lost: [...new Set([...withoutEnd(evidence), ...concerned(evidence, 'lost')])],
    doubled: [...new Set(concerned(evidence, 'doubled'))],
    conserved: audit.conserved,
    latencyMs: latencyOf(ended),
    perMessage: {
      calls: perMessage(calls, committed.length),
      writeUnits: perMessage(functions.writeUnits + producer.writeUnits, committed.length),
    },
  };
}

/**
 * Deliveries beyond a message's first that a subscriber has skipped, as its functions counted them. A copy that races the
 * original of a business duplicate counts as one itself, so what the messages have ended as is taken off.
 */
export function copiesSkipped(functions: FunctionUsage, name: string, ended: readonly EndedMessage[]): number {
  const { already = 0, duplicate = 0 } = functions.outcomes[name] ?? {};
  const messages = ended.filter(({ subscriber, row }) => subscriber === name && row.state === 'duplicate').length;
  return Math.max(0, already + duplicate - messages);
}

/** The letters of this run: its poison, and its messages. */
export function lettersOfRun({ letters, poison, committed }: Evidence): ReceivedLetter[] {
  const digests = new Set(poison.map(({ sha256 }) => sha256));
  const ids = new Set(committed.map(({ id }) => id));
  return letters.filter(({ sha256, messageId }) => digests.has(sha256) || (messageId && ids.has(messageId)));
}

/** Poison that is not in its subscriber's dead-letter queue. */
export function missingPoison({ letters, poison }: Pick<Evidence, 'letters' | 'poison'>): Poison[] {
  const found = new Set(letters.map(({ subscriber, sha256 }) => `${subscriber} ${sha256}`));
  return poison.filter(({ subscriber, sha256 }) => !found.has(`${subscriber} ${sha256}`));
}

/** Poison that was dead-lettered for another reason than its own, with that reason. */
export function misjudgedPoison({
  letters,
  poison,
}: Pick<Evidence, 'letters' | 'poison'>): (Poison & { given: string })[] {
  const reasons = new Map(letters.map(({ subscriber, sha256, reason }) => [`${subscriber} ${sha256}`, reason]));
  return poison.flatMap((one) => {
    const given = reasons.get(`${one.subscriber} ${one.sha256}`);
    return given && given !== one.reason ? [{ ...one, given }] : [];
  });
}

/** Orders whose message was dead-lettered, by subscriber. An order with a second message that was handled is not. */
export function stoppedOrders(ended: readonly EndedMessage[]): Record<string, ReadonlySet<string>> {
  const stopped: Record<string, Set<string>> = {};
  for (const { subscriber, message, row } of ended) {
    if (row.state !== 'dead') continue;
    stopped[subscriber] ??= new Set();
    stopped[subscriber].add(message.orderId);
  }
  for (const { subscriber, message, row } of ended) {
    if (row.state === 'handled') stopped[subscriber]?.delete(message.orderId);
  }
  return stopped;
}

/** Committed messages that have not ended somewhere, ended as dead without a letter, or whose row in the outbox is gone. */
function withoutEnd({ subscribers, committed, ended, letters }: Evidence): string[] {
  const ends = new Map(ended.map((end) => [`${end.subscriber} ${end.message.id}`, end.row.state]));
  const posted = new Set(letters.map(({ subscriber, messageId }) => `${subscriber} ${messageId}`));
  const inOutbox = new Set(committed.map(({ id }) => id));
  const open = committed.filter(({ id, type }) =>
    subscribers.some(({ name, consumes }) => {
      if (!consumes.some((event) => event.type === type)) return false;
      const state = ends.get(`${name} ${id}`);
      return !state || (state === 'dead' && !posted.has(`${name} ${id}`));
    }),
  );
  const published = ended.flatMap(({ row }) => row.published ?? []).filter((id) => !inOutbox.has(id));
  return [...open.map(({ id }) => id), ...published];
}

/** The messages behind what the business tables lack or have too much of. */
function concerned({ subscribers, committed, ended, audit }: Evidence, kind: Finding['kind']): string[] {
  const ofOrder = Map.groupBy(committed, ({ orderId }) => orderId);
  const handled = new Set(
    ended.flatMap(({ subscriber, message, row }) => (row.state === 'handled' ? [`${subscriber} ${message.id}`] : [])),
  );
  return audit.findings
    .filter((finding) => finding.kind === kind)
    .flatMap(({ step, orderIds }) => {
      const types = subscribers.find(({ name }) => name === step)?.consumes.map(({ type }) => type);
      return orderIds.flatMap((orderId) => {
        const messages = ofOrder.get(orderId) ?? [];
        const due = types ? messages.filter(({ type }) => types.includes(type)) : messages;
        // Of several messages of an order, the one that was handled is the one whose effect is wrong.
        const one = due.find(({ id }) => handled.has(`${step} ${id}`)) ?? due[0] ?? messages[0];
        return one ? [one.id] : [orderId];
      });
    });
}

/** From commit until handled, in milliseconds. */
export function latencyOf(ended: readonly EndedMessage[]): { readonly p50: number; readonly p99: number } {
  const handled = ended.filter(({ row }) => row.state === 'handled');
  const latencies = handled.map(({ row }) => row.hops.ended - row.hops.committed).sort((one, other) => one - other);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

/** The value below which that share of the sorted values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

function perMessage(sum: number, messages: number): number {
  return messages === 0 ? 0 : Math.round((sum / messages) * 100) / 100;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
