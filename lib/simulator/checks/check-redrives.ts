import { unmarshall } from '@aws-sdk/util-dynamodb';
import { SECOND_MS } from '../../contract/time.ts';
import type { CircuitRow } from '../../ledger/rows/circuit.ts';
import type { FailureRow } from '../../ledger/rows/failure.ts';
import type { RedriveRow } from '../../ledger/rows/redrive.ts';
import { messageTime } from '../../message/message-id.ts';
import { FORWARDER } from '../faults/site.ts';
import type { QueueEntry, RecordEntry, RowEntry, RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import { ATTRIBUTES } from './attributes.ts';
import type { End, Evidence } from './evidence.ts';
import type { Violation } from './violation.ts';

/** The worker may have looked at a circuit so long before it sends. */
const SEEN_MS = 10 * SECOND_MS;

/**
 * W: a redrive sends what was dead when it began, a wave after the one before has ended or failed, and none after a canary that
 * has failed; it stops for a relapse alone, and sends nothing into an open circuit. When it is done, all of that was sent, and
 * nothing that is dead no more has a letter or a row.
 */
export function checkRedrives(
  { subscribers, breakers }: System,
  { entries }: RunRecord,
  evidence: Evidence,
  clean: boolean,
): Violation[] {
  if (!breakers) return [];
  return subscribers.flatMap(({ name }) => {
    const check = new RedriveCheck(name, evidence, clean);
    for (const [place, entry] of entries.entries()) check.add(entry, place);
    return check.end().map((what): Violation => ({ invariant: 'W', what }));
  });
}

/** A redrive as it was written last, and what it has sent. */
interface Operation {
  row: RedriveRow;
  /** By id: where in the record it was sent first. */
  readonly sent: Map<string, number>;
  /** Messages of the canary. */
  canary: readonly string[];
}

class RedriveCheck {
  readonly #wrong: string[] = [];
  readonly #subscriber: string;
  readonly #ends: readonly End[];
  readonly #committed: Evidence['committed'];
  /** Whether a message is to end at the subscriber. */
  readonly #isExpected: (id: string) => boolean;
  readonly #clean: boolean;
  readonly #operations = new Map<string, Operation>();
  /** By operation and id: where a failed attempt of what it has sent was counted. */
  readonly #relapses = new Map<string, number>();
  /** Letters that lie in the dead-letter queue, by the transport's id: of which messages. */
  readonly #letters = new Map<string, { readonly id: string; readonly place: number }>();
  readonly #deadRows = new Set<string>();
  #openSince: number | undefined;

  constructor(subscriber: string, { ends, committed, cancelled, expectations }: Evidence, clean: boolean) {
    this.#subscriber = subscriber;
    this.#clean = clean;
    this.#ends = ends.filter((end) => end.subscriber === subscriber);
    this.#committed = committed;
    this.#isExpected = (id) => {
      const envelope = committed.get(id)?.envelope;
      return envelope !== undefined && !cancelled.has(id) && expectations.has(subscriber, envelope);
    };
  }

  add(entry: RecordEntry, place: number): void {
    if (entry.kind === 'queue') this.#onQueue(entry, place);
    else if (entry.kind === 'row' && entry.row?.of === this.#subscriber) this.#onRow(entry, place);
  }

  end(): string[] {
    for (const [name, { row, sent }] of this.#operations) {
      if (row.state !== 'done' && row.state !== 'stopped') this.#say(name, `is ${row.state} in the end`);
      if (row.state === 'done' && this.#clean) this.#checkDone(name, row, sent);
    }
    return this.#wrong;
  }

  #say(operation: string, what: string): void {
    this.#wrong.push(`the redrive ${operation} ${what}`);
  }

  #onQueue({ event, origin, at }: QueueEntry, place: number): void {
    const { kind, queue, message } = event;
    const attributes = message.attributes;
    if (queue === `${this.#subscriber}-dead`) {
      const id = attributes[ATTRIBUTES.messageId]?.StringValue ?? '';
      if (kind === 'sent') this.#letters.set(message.id, { id, place });
      if (kind === 'deleted' || kind === 'expired') this.#letters.delete(message.id);
    }
    const name = attributes[ATTRIBUTES.redrive]?.StringValue;
    if (kind !== 'sent' || queue !== this.#subscriber || origin?.actor !== FORWARDER || name === undefined) return;
    const operation = this.#operations.get(name);
    const id = /"id":"([^"]+)"/.exec(message.body)?.[1] ?? '';
    if (!operation) {
      this.#say(name, `sends ${id}, and was never begun`);
      return;
    }
    if (!operation.sent.has(id)) operation.sent.set(id, place);
    const wrong = this.#wrongToSend(operation.row, id, place);
    if (wrong) this.#say(name, `sends ${id}, which ${wrong}`);
    if (this.#clean && this.#openSince !== undefined && at > this.#openSince + SEEN_MS) {
      this.#say(name, `sends ${id} while the circuit is open`);
    }
  }

  /** Why a message is none that an operation is to send. */
  #wrongToSend({ selection, started, upTo }: RedriveRow, id: string, place: number): string | undefined {
    if (selection.kind === 'range') {
      if (!isWithin(selection, id) || !this.#isExpected(id)) return 'is not among what it is to send';
      const ended = this.#ends.find((end) => end.id === id && end.state !== 'dead' && end.row.hops.ended < started);
      return ended && this.#clean ? 'had ended when it began' : undefined;
    }
    const died = this.#ends.find((end) => end.id === id && end.state === 'dead');
    const isLate = !died || died.place > place || (this.#clean && died.row.hops.ended > upTo);
    return isLate ? 'was not dead when it began' : undefined;
  }

  #onRow({ row, change, at }: RowEntry, place: number): void {
    const after = change.after && unmarshall(change.after);
    if (row?.kind === 'dead') {
      const id = row.sk.slice(row.sk.indexOf('#') + 1);
      if (after) this.#deadRows.add(id);
      else this.#deadRows.delete(id);
    } else if (row?.kind === 'circuit') {
      const isOpen = ((after as CircuitRow | undefined)?.state ?? 'closed') !== 'closed';
      this.#openSince = isOpen ? (this.#openSince ?? at) : undefined;
    } else if (row?.kind === 'failure') {
      const before = change.before && (unmarshall(change.before) as FailureRow);
      const { attempts = 0, redrive } = (after ?? {}) as Partial<FailureRow>;
      const isCounted = attempts !== (before?.attempts ?? 0);
      if (isCounted && redrive !== undefined) this.#relapses.set(`${redrive} ${row.sk}`, place);
    } else if (row?.kind === 'redrive' && row.sk.includes('.') && after) {
      this.#onOperation(row.sk, after as RedriveRow, place);
    }
  }

  #onOperation(name: string, row: RedriveRow, place: number): void {
    const known = this.#operations.get(name);
    if (!known) {
      this.#operations.set(name, { row, sent: new Map(), canary: [] });
      return;
    }
    const before = known.row;
    known.row = row;
    if (row.waves > before.waves) this.#onWave(name, known, row, place);
    if (row.state === 'stopped' && row.reason === 'relapse' && before.state !== 'stopped') {
      const isTrue = [...known.sent.keys()].some((id) => this.#hasRelapsed(name, id, place));
      if (!isTrue) this.#say(name, 'stops for a relapse, and nothing that it has sent has failed');
    }
  }

  #onWave(name: string, operation: Operation, row: RedriveRow, place: number): void {
    const wave = new Set(row.wave.open);
    if (row.waves === 1) operation.canary = row.wave.open;
    for (const [id, sentAt] of operation.sent) {
      const isOver = wave.has(id) || this.#hasRelapsed(name, id, place) || this.#hasEnded(id, sentAt, place);
      if (this.#clean && !isOver) this.#say(name, `sends a wave while ${id} of the last one is under way`);
    }
    if (row.waves < 2 || row.state === 'canary') return;
    const failed = operation.canary.find((id) => this.#hasRelapsed(name, id, place));
    if (failed !== undefined) this.#say(name, `goes on though ${failed} of its canary has failed`);
  }

  #hasRelapsed(operation: string, id: string, place: number): boolean {
    const isCounted = (this.#relapses.get(`${operation} ${id}`) ?? Infinity) < place;
    const isDead = (end: End) => end.id === id && end.state === 'dead' && end.row.redrive === operation;
    return isCounted || this.#ends.some((end) => isDead(end) && end.place < place);
  }

  #hasEnded(id: string, from: number, to: number): boolean {
    const last = this.#ends.findLast((end) => end.id === id && end.place < to);
    return last !== undefined && (last.state !== 'dead' || last.place > from);
  }

  /** What an operation was to send: what was dead when it began, and of a range, what had not ended by when it was done. */
  #owed({ selection, upTo, started, written }: RedriveRow): string[] {
    const by = selection.kind === 'range' ? written : upTo;
    const before = new Map(this.#ends.filter(({ row }) => row.hops.ended <= by).map((end) => [end.id, end.state]));
    const ids = selection.kind === 'range' ? [...this.#committed.keys()] : [...before.keys()];
    return ids.filter((id) => {
      if (!(Date.parse(this.#committed.get(id)?.envelope.expires ?? '') > started)) return false;
      const state = before.get(id);
      if (selection.kind === 'dead') return state === 'dead';
      const isOpen = state === undefined || state === 'dead';
      return isOpen && isWithin(selection, id) && this.#isExpected(id);
    });
  }

  #checkDone(name: string, row: RedriveRow, sent: ReadonlyMap<string, number>): void {
    const last = new Map(this.#ends.map((end) => [end.id, end]));
    const left = row.refused === 0 ? this.#owed(row).find((id) => !sent.has(id)) : undefined;
    if (left !== undefined) this.#say(name, `is done, and has not sent ${left}`);
    for (const { id } of this.#letters.values()) {
      if (sent.has(id) && last.get(id)?.state !== 'dead') this.#say(name, `is done, and leaves the letter of ${id}`);
    }
    for (const id of this.#deadRows) {
      if (sent.has(id) && last.get(id)?.state !== 'dead') this.#say(name, `is done, and leaves the row of ${id}`);
    }
  }
}

/** Whether a message was committed in a range. */
function isWithin({ from, to }: { readonly from: number; readonly to: number }, id: string): boolean {
  const time = messageTime(id);
  return from <= time && time < to;
}
