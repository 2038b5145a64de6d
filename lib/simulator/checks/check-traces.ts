import { isMessageId, messageTime, type ReceiptRow } from '../../contract/index.ts';
import { readReceipt, SCHEDULE } from '../../runtime/receipt.ts';
import { FORWARDER, RECONCILER } from '../faults/site.ts';
import { type System, streamOf } from '../system.ts';
import type { Evidence } from './evidence.ts';
import type { SendingEvidence } from './sending-evidence.ts';
import type { Violation } from './violation.ts';

/** What the faults of a run excuse. */
export interface Leniency {
  /** Whether a clock was wrong. */
  readonly skewed: boolean;
  /** Whether every message came by the relay. */
  readonly relayed: boolean;
}

/** X: every trace is complete and connected, and every hop has left its evidence. */
export function checkTraces(
  system: System,
  evidence: Evidence,
  sending: SendingEvidence,
  { skewed, relayed }: Leniency,
): Violation[] {
  return [
    ...brokenChains(evidence, sending),
    ...wrongHops(evidence, skewed),
    ...wrongPublished(evidence, sending),
    ...wrongReceipts(system, evidence, sending, relayed),
  ];
}

function brokenChains({ committed }: Evidence, sending: SendingEvidence): Violation[] {
  const replaced = replacedIn(sending);
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
  return ends.flatMap(({ id, subscriber, state, row: { hops } }): Violation[] => {
    // What was taken back has come nowhere.
    if (state === 'cancelled') return [];
    const { committed, relayed, received, ended } = hops;
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
function wrongPublished({ ends, committed }: Evidence, sending: SendingEvidence): Violation[] {
  const replaced = replacedIn(sending);
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
  { committed, receipts, carried }: Evidence,
  { waiting, withdrawn }: SendingEvidence,
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
  for (const { row, place } of receipts) {
    for (const { to, ids } of readReceipt(row as unknown as ReceiptRow)) {
      for (const id of ids) {
        named.add(`${to} ${id}`);
        if ((firstSent.get(`${to} ${id}`) ?? Infinity) < place) continue;
        violations.push(broken(`a receipt says that ${id} was sent to ${to} before it was`));
      }
    }
  }
  // What the relay never saw is sent by reconciliation, which may die before it has written the receipt.
  if (!relayed) return violations;
  for (const { name, consumes } of system.subscribers) {
    const to = streamOf(system, name) ?? name;
    for (const { envelope } of committed.values()) {
      if (!consumes.some(({ type }) => type === envelope.type) || named.has(`${to} ${envelope.id}`)) continue;
      if (withdrawn.has(envelope.id)) continue;
      violations.push(broken(`no receipt says that ${envelope.id} was sent to ${to}`));
    }
  }
  return violations;
}

/** In whose place each message is. */
function replacedIn({ withdrawn }: SendingEvidence): ReadonlyMap<string, string> {
  return new Map([...withdrawn.values()].flatMap(({ id, replacedBy }) => (replacedBy ? [[replacedBy, id]] : [])));
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
