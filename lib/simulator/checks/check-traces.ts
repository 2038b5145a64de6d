import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { Envelope } from '../../message/envelope.ts';
import { isMessageId, messageTime } from '../../message/message-id.ts';
import { FORWARDER, RECONCILER, RELAY } from '../faults/site.ts';
import type { RunRecord } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import { SCHEDULE } from './attributes.ts';
import type { Evidence } from './evidence.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** X: every trace is complete and connected, and every hop has left its evidence. */
export function checkTraces(
  system: System,
  record: RunRecord,
  evidence: Evidence,
  { skewed, relayed }: Leniency,
): Violation[] {
  return [
    ...brokenChains(evidence),
    ...wrongHops(evidence, skewed),
    ...wrongPublished(evidence),
    ...wrongReceipts(system, record, evidence, relayed),
  ];
}

function brokenChains(evidence: Evidence): Violation[] {
  const { committed } = evidence;
  const replaced = replacedIn(evidence);
  return [...committed.values()].flatMap(({ envelope }): Violation[] => {
    const { id, causationid, correlationid, traceparent } = envelope;
    // What is in another's place goes on with its chain.
    const before = replaced.get(id);
    const causedBy = before ?? causationid;
    const cause = causedBy === undefined ? undefined : committed.get(causedBy)?.envelope;
    if (!cause) return correlationid === id ? [] : [broken(`${id} begins no trace, and nothing caused it`)];
    const connected = cause.correlationid === correlationid && traceOf(cause.traceparent) === traceOf(traceparent);
    return connected ? [] : [broken(`${id} has another trace than its cause ${cause.id}`)];
  });
}

/** Hops are in the order in which they happen, unless clocks are wrong. */
function wrongHops({ ends }: Evidence, skewed: boolean): Violation[] {
  if (skewed) return [];
  return ends.flatMap(({ id, subscriber, state, row: { hops, reason } }): Violation[] => {
    // A message that was cancelled or abandoned has come nowhere.
    if (state === 'cancelled' || state === 'abandoned') return [];
    const { committed, relayed, received, ended } = hops;
    // Nor has one that reconciliation has ended, since it had expired.
    if (reason === 'expired' && relayed === undefined) return [];
    const isOrdered =
      isMessageId(id) &&
      committed === messageTime(id) &&
      relayed !== undefined &&
      committed <= relayed &&
      relayed <= received &&
      received <= ended;
    return isOrdered ? [] : [broken(`the hops of ${id} at ${subscriber} are ${JSON.stringify(hops)}`)];
  });
}

/** An inbox row names what its message has caused, and nothing else. */
function wrongPublished(evidence: Evidence): Violation[] {
  const { ends, committed } = evidence;
  const replaced = replacedIn(evidence);
  const caused = Map.groupBy(
    [...committed.values()].map(({ envelope }) => envelope).filter(({ id }) => !replaced.has(id)),
    ({ source, causationid }) => `${publisherIn(source)} ${causationid}`,
  );
  return ends.flatMap(({ id, subscriber, state, row }): Violation[] => {
    if (state !== 'handled') return [];
    const published = caused.get(`${subscriber} ${id}`)?.map((envelope) => envelope.id) ?? [];
    const named = row.published ?? [];
    if (named.length === published.length && published.every((one) => named.includes(one))) return [];
    const what = `the inbox row of ${id} at ${subscriber} names ${named.length} published messages, it has caused ${published.length}`;
    return [broken(what)];
  });
}

/** Each copy that was due has a receipt, and no receipt speaks of a copy that had not been sent. */
function wrongReceipts(
  system: System,
  record: RunRecord,
  { committed, receipts, carried, waiting, cancelled, expectations }: Evidence,
  relayed: boolean,
): Violation[] {
  const firstSent = new Map([...waiting].map(([id, place]) => [`${SCHEDULE} ${id}`, place]));
  for (const { to, envelope, place, by } of carried) {
    // What a stream has lost is sent to the queue of its subscriber; the receipt names the stream all the same.
    const others = to === FORWARDER ? [SCHEDULE] : by === RECONCILER ? [streamOf(system, to)] : [];
    for (const name of [to, ...others]) {
      const key = `${name} ${envelope?.id}`;
      if (envelope) firstSent.set(key, Math.min(place, firstSent.get(key) ?? place));
    }
  }
  const named = new Set<string>();
  const violations: Violation[] = [];
  for (const { sent, place } of receipts) {
    for (const { to, ids } of sent) {
      for (const id of ids) {
        named.add(`${to} ${id}`);
        if ((firstSent.get(`${to} ${id}`) ?? Infinity) < place) continue;
        violations.push(broken(`a receipt says that ${id} was sent to ${to} before it was`));
      }
    }
  }
  // What the relay never saw is sent by reconciliation, which may die before it has written the receipt.
  if (!relayed) return violations;
  for (const { name } of system.subscribers) {
    const to = streamOf(system, name) ?? name;
    // What a queue that is gone refuses, nobody has sent.
    if (expectations.wasRemoved(name)) continue;
    for (const { envelope } of committed.values()) {
      if (!expectations.has(name, envelope) || named.has(`${to} ${envelope.id}`)) continue;
      // What is adopted, reconciliation sends.
      if (expectations.hasAdopted(name, envelope)) continue;
      if (cancelled.has(envelope.id) || hasExpiredFirst(record, envelope)) continue;
      violations.push(broken(`no receipt says that ${envelope.id} was sent to ${to}`));
    }
  }
  return violations;
}

/** Whether a message had expired when the relay was last given it: then nothing is sent, of which a receipt could tell. */
function hasExpiredFirst({ entries }: RunRecord, { id, expires }: Envelope): boolean {
  const given = entries.findLast(
    (entry) => entry.kind === 'invocation' && entry.actor === RELAY && idsIn(entry.event).includes(id),
  );
  return given !== undefined && given.at >= Date.parse(expires);
}

/** The sort keys of the rows in a batch of a table's stream. */
function idsIn(event: object): (string | undefined)[] {
  const { Records = [] } = event as Partial<DynamoDBStreamEvent>;
  return Records.map(({ dynamodb }) => dynamodb?.Keys?.sk?.S);
}

/** In whose place each message is. */
function replacedIn({ cancelled }: Evidence): ReadonlyMap<string, string> {
  return new Map([...cancelled.values()].flatMap(({ id, replacedBy }) => (replacedBy ? [[replacedBy, id]] : [])));
}

/** `/<ledger>/<publisher>` */
function publisherIn(source: string): string | undefined {
  return source.split('/').at(-1);
}

function traceOf(traceparent: string): string | undefined {
  return traceparent.split('-')[1];
}

function broken(what: string): Violation {
  return { invariant: 'X', what };
}
