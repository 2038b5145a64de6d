import { MINUTE_MS } from '../../contract/time.ts';
import { messageTime } from '../../message/message-id.ts';
import { FORWARDER, RECONCILER } from '../faults/site.ts';
import { decoded, decodedRow, textsIn } from '../run/envelopes.ts';
import type { KilledEntry, QueueEntry, RecordEntry, ReturnedEntry, RowEntry, RunRecord } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import { ATTRIBUTES } from './attributes.ts';
import { Expectations } from './expectations.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** What reconciliation leaves alone: a message that is later than its deadline by less may be on its way by itself. */
const PATIENCE_MS = 3 * MINUTE_MS;
/** What a pass has overlooked, since it read what was outdated or its clock was wrong by minutes, the next one finds so much later. */
const OVERLOOKED_MS = 16 * MINUTE_MS;
/** So many runs of reconciliation that have returned may have found a message silent. */
const MOST_RUNS = 2;
/** So many that were killed may have: each comes some calls further than the one before, and one that searches receipts makes hundreds. */
const MOST_KILLED = 60;
/** A run compares so much time at most: after a rest, runs first come to what was due meanwhile. */
const LONGEST_SPAN_MS = 15 * MINUTE_MS;

/** A message at a subscriber that expects it. */
interface Copy {
  readonly id: string;
  readonly subscriber: string;
  /** From when on somebody must be able to say where it is, in milliseconds since the epoch. */
  dueAt: number;
  /** Where it lies, by what it lies as: a message of a queue, a record of a stream, a row that is read again. */
  readonly lies: Set<string>;
  /** Whether it waits for who sends what was committed before its route: the relay comes to it in the ledger's stream, whose age is told. */
  isToBeSent: boolean;
  /** Since when it lies nowhere. */
  silentSince: number;
  /** Runs of reconciliation that have begun and returned while it was silent. */
  runs: number;
  /** Those that have begun and were killed. */
  killed: number;
}

/**
 * S: what has not ended is named, by a row that reconciliation reads again, or lies in a queue or a stream whose depth and age
 * somebody is told of. Two runs of reconciliation that come past a message which is overdue and lies nowhere must name it, once it
 * has caught up with what it rested for. So must runs of which each is killed a call later than the one before, once there were
 * dozens of them.
 */
export function checkSilence(system: System, { entries }: RunRecord, { reconciles, overlooks }: Leniency): Violation[] {
  const watch = new Watch(system, { judges: reconciles, patience: PATIENCE_MS + (overlooks ? OVERLOOKED_MS : 0) });
  for (const entry of entries) watch.add(entry);
  return watch.silent.map(({ id, subscriber, silentSince, dueAt }) => ({
    invariant: 'S',
    what: `${id} has not ended at ${subscriber}, and since ${Math.max(silentSince, dueAt)} neither a case nor a queue holds it`,
  }));
}

class Watch {
  readonly silent: Copy[] = [];
  readonly #system: System;
  readonly #expectations = new Expectations();
  /** By id: what was committed, and from which moment on it may be delivered, in milliseconds since the epoch. */
  readonly #committed = new Map<string, { readonly type: string; readonly moment: number }>();
  /** By `<subscriber> <id>`: what has not ended. */
  readonly #open = new Map<string, Copy>();
  readonly #ended = new Set<string>();
  readonly #lies = new Map<string, Set<string>>();
  /** When each invocation of the reconciler began, and with what each reader of a stream was invoked. */
  readonly #begun = new Map<string, { readonly at: number; readonly ids: readonly string[] }>();
  #judges: boolean;
  readonly #patience: number;
  /** When the last run that counts began: of those that share a ledger's shards out, one a minute does. */
  #lastRun: number | undefined;
  /** When the last one began that was killed and counts. */
  #lastKilled = 0;
  /** Milliseconds by which reconciliation is behind at most. */
  #behind = 0;

  /** @param judges whether silence counts from the beginning. Else it does once nothing fails any more */
  constructor(system: System, { judges, patience }: { readonly judges: boolean; readonly patience: number }) {
    this.#system = system;
    this.#judges = judges;
    this.#patience = patience;
  }

  add(entry: RecordEntry): void {
    this.#expectations.add(entry);
    if (entry.kind === 'row' && entry.row) this.#addRow(entry);
    else if (entry.kind === 'queue') this.#addQueueEvent(entry);
    else if (entry.kind === 'stream') this.#addRecord(entry);
    else if (entry.kind === 'invocation') {
      const ids = textsIn(entry.event).flatMap((text) => decoded(text)?.id ?? []);
      this.#begun.set(`${entry.actor} ${entry.invocation}`, { at: entry.at, ids });
    } else if (entry.kind === 'returned') this.#onReturned(entry);
    else if (entry.kind === 'killed') this.#onKilled(entry);
    else if (entry.kind === 'healed') this.#judges = true;
  }

  #addRow({ row, change: { before, after }, at }: RowEntry): void {
    const { kind, of, sk } = row ?? { kind: 'other', of: '', sk: '' };
    if (kind === 'outbox' && after && !before) {
      const envelope = decodedRow(after);
      if (!envelope) return;
      const moment = envelope.deliverat === undefined ? 0 : Date.parse(envelope.deliverat);
      this.#committed.set(sk, { type: envelope.type, moment });
      this.#expect(sk, at);
    } else if (kind === 'route') {
      for (const id of this.#committed.keys()) this.#expect(id, at, true);
    } else if (kind === 'inbox') {
      this.#open.delete(`${of} ${sk}`);
      this.#ended.add(`${of} ${sk}`);
      // From now on it is its successor's.
      if (after?.state?.S === 'abandoned') this.#expect(sk, at);
    } else if (kind === 'case') {
      const [id = '', subscriber = ''] = sk.split('#');
      this.#lie(id, subscriber, 'case', after !== undefined && after.state?.S !== 'closed', at);
    } else if (kind === 'parked') {
      this.#lie((after ?? before)?.id?.S ?? '', of, 'parked', after !== undefined, at);
    } else if (kind === 'failure' && after?.next?.N !== undefined) {
      // It rests until its next attempt: until then nobody need ask for it.
      const copy = this.#open.get(`${of} ${sk}`);
      if (copy) copy.dueAt = Math.max(copy.dueAt, Number(after.next.N) + this.#deadlineOf(of));
    }
  }

  #addQueueEvent({ event: { kind, queue, message, to }, at }: QueueEntry): void {
    const { body, attributes } = message;
    const id = decoded(body)?.id ?? attributes[ATTRIBUTES.messageId]?.StringValue;
    if (id === undefined) return;
    const lies =
      kind === 'sent' || kind === 'received' || kind === 'postponed' || (kind === 'moved' && to !== undefined);
    const own = attributes[ATTRIBUTES.subscriber]?.StringValue ?? this.#subscriberOf(queue);
    const stream = attributes[ATTRIBUTES.stream]?.StringValue;
    for (const { name } of this.#system.subscribers) {
      // What is in the forward queue without a label is for everybody.
      const isFor =
        queue === FORWARDER && own === undefined ? !stream || streamOf(this.#system, name) === stream : own === name;
      if (isFor) this.#lie(id, name, `queue ${message.id}`, lies, at);
    }
  }

  /** Whose queue it is, or whose backstop or dead letters. */
  #subscriberOf(queue: string): string | undefined {
    return this.#system.subscribers.find(({ name }) => [name, `${name}-backstop`, `${name}-dead`].includes(queue))
      ?.name;
  }

  #addRecord({ stream, record, at }: Extract<RecordEntry, { readonly kind: 'stream' }>): void {
    const id = decoded(Buffer.from(record.data).toString())?.id;
    if (id === undefined) return;
    for (const { name } of this.#system.streams?.[stream] ?? []) this.#lie(id, name, 'record', true, at);
  }

  /** A reader that has returned and reported nothing has let go of its batch. A run of reconciliation has come past. */
  #onReturned({ actor, invocation, result, at }: ReturnedEntry): void {
    const { at: begun = at, ids = [] } = this.#begun.get(`${actor} ${invocation}`) ?? {};
    if (actor === RECONCILER) this.#onRun(begun);
    else if (streamOf(this.#system, actor) !== undefined && !reportsAny(result)) {
      for (const id of ids) this.#lie(id, actor, 'record', false, at);
    }
  }

  /** Whatever fails beside, dozens of runs that come ever further are enough. */
  #onKilled({ actor, invocation }: KilledEntry): void {
    if (actor !== RECONCILER) return;
    const begun = this.#begun.get(`${actor} ${invocation}`)?.at ?? 0;
    if (begun - this.#lastKilled < MINUTE_MS / 2) return;
    this.#lastKilled = begun;
    for (const copy of this.#overdueAt(begun)) {
      copy.killed += 1;
      if (copy.killed === MOST_KILLED) this.silent.push({ ...copy });
    }
  }

  #onRun(begun: number): void {
    const since = begun - (this.#lastRun ?? begun - MINUTE_MS);
    if (since < MINUTE_MS / 2) return;
    this.#lastRun = begun;
    this.#behind = Math.max(0, this.#behind + since - LONGEST_SPAN_MS);
    if (!this.#judges || this.#behind > 0) return;
    for (const copy of this.#overdueAt(begun)) {
      copy.runs += 1;
      if (copy.runs === MOST_RUNS) this.silent.push({ ...copy });
    }
  }

  /** What lay nowhere when a run began, though it was overdue. */
  #overdueAt(begun: number): Copy[] {
    return [...this.#open.values()].filter(
      ({ lies, isToBeSent, silentSince, dueAt }) =>
        lies.size === 0 && !isToBeSent && begun >= Math.max(silentSince, dueAt) + this.#patience,
    );
  }

  #expect(id: string, at: number, isToBeSent = false): void {
    const { type, moment } = this.#committed.get(id) ?? { type: '', moment: 0 };
    const names = this.#expectations.of({ id, type });
    for (const subscriber of names) {
      const key = `${subscriber} ${id}`;
      if (this.#ended.has(key) || this.#open.has(key)) continue;
      const dueAt = Math.max(at, messageTime(id), moment) + this.#deadlineOf(subscriber);
      const lies = this.#liesOf(key);
      this.#open.set(key, { id, subscriber, dueAt, lies, isToBeSent, silentSince: at, runs: 0, killed: 0 });
    }
    for (const { name } of this.#system.subscribers) {
      if (!names.includes(name)) this.#open.delete(`${name} ${id}`);
    }
  }

  #lie(id: string, subscriber: string, as: string, isThere: boolean, at: number): void {
    const key = `${subscriber} ${id}`;
    const lies = this.#liesOf(key);
    if (isThere) lies.add(as);
    else if (!lies.delete(as)) return;
    const copy = this.#open.get(key);
    if (copy) copy.isToBeSent = false;
    if (!copy || lies.size > 0) return;
    copy.silentSince = at;
    copy.runs = 0;
    copy.killed = 0;
  }

  #liesOf(key: string): Set<string> {
    const lies = this.#lies.get(key) ?? new Set<string>();
    this.#lies.set(key, lies);
    return lies;
  }

  #deadlineOf(subscriber: string): number {
    return this.#system.subscribers.find(({ name }) => name === subscriber)?.deadline ?? 0;
  }
}

function reportsAny(result: unknown): boolean {
  const { batchItemFailures = [] } = (result ?? {}) as { readonly batchItemFailures?: readonly unknown[] };
  return batchItemFailures.length > 0;
}
