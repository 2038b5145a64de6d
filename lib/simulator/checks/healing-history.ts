import { MINUTE_MS } from '../../contract/time.ts';
import { messageTime } from '../../message/message-id.ts';
import { RECONCILER } from '../faults/site.ts';
import { decoded } from '../run/envelopes.ts';
import type { QueueEntry, RecordEntry, RowEntry } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import type { Receipt } from './evidence.ts';

/** A message that a run of reconciliation has sent again. */
export interface Resent {
  readonly id: string;
  /** The subscriber. */
  readonly to: string;
  /** The reconciler's. */
  readonly invocation: number;
  /** Milliseconds since the epoch. */
  readonly begun: number;
  readonly at: number;
  /** Whether it had ended there before the run began. */
  readonly hadEnded: boolean;
  /** Whether it lay in the queue all the while, as a receipt said, and was not overtaken: it was on its way. */
  readonly wasUnderWay: boolean;
}

/** How long after a message's commit its receipt is looked for. */
const RECEIPT_SEARCH_MS = 59 * MINUTE_MS;

/** What was known at each moment of a run, as far as healing is judged by it. Entries are added in their order. */
export class HealingHistory {
  readonly resent: Resent[] = [];
  readonly #system: System;
  /** Places in the record and moments at which runs of reconciliation have begun. */
  readonly #begun = new Map<number, { readonly place: number; readonly at: number }>();
  readonly #committed = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #receipts = new Map<string, { readonly place: number; readonly stamp: number }>();
  readonly #newestRelayed = new Map<string, number>();
  /** Where copies of a message came to lie in a subscriber's queue, by the id that SQS gave them. */
  readonly #lying = new Map<string, Map<string, number>>();

  /** @param receipts all of the run */
  constructor(system: System, receipts: readonly Receipt[]) {
    this.#system = system;
    for (const { id, sent, place } of receipts) {
      for (const { to, ids } of sent) {
        for (const one of ids) {
          const copy = `${to} ${one}`;
          if (!this.#receipts.has(copy)) this.#receipts.set(copy, { place, stamp: messageTime(id) });
        }
      }
    }
  }

  add(entry: RecordEntry, place: number): void {
    if (entry.kind === 'row') this.#addRow(entry, place);
    if (entry.kind === 'queue') this.#addQueueEvent(entry, place);
    if (entry.kind === 'invocation' && entry.actor === RECONCILER) {
      this.#begun.set(entry.invocation, { place, at: entry.at });
    }
  }

  /** Whether the message had ended at the subscriber before that run of reconciliation began. */
  endedBefore(invocation: number, id: string, subscriber: string): boolean {
    return this.#isBefore(this.#ended.get(`${subscriber} ${id}`), invocation);
  }

  committedBefore(invocation: number, id: string): boolean {
    return this.#isBefore(this.#committed.get(id), invocation);
  }

  #isBefore(place: number | undefined, invocation: number): boolean {
    return place !== undefined && place < (this.#begun.get(invocation)?.place ?? 0);
  }

  #addRow({ row, change: { after } }: RowEntry, place: number): void {
    if (row?.kind === 'outbox') setOrDelete(this.#committed, row.sk, after && place);
    if (row?.kind !== 'inbox') return;
    const { of: subscriber, sk: id } = row;
    setOrDelete(this.#ended, `${subscriber} ${id}`, after && place);
    const { relayed: sent, due } = after?.hops?.M ?? {};
    // What was sent with a delay could be received in its moment.
    const relayed = sent === undefined ? 0 : Math.max(Number(sent.N), Number(due?.N ?? 0));
    this.#newestRelayed.set(subscriber, Math.max(relayed, this.#newestRelayed.get(subscriber) ?? 0));
  }

  #addQueueEvent({ event: { kind, queue, message }, origin, at }: QueueEntry, place: number): void {
    const id = decoded(message.body)?.id;
    if (id === undefined) return;
    const key = `${queue} ${id}`;
    const lying = this.#lying.get(key) ?? new Map<string, number>();
    this.#lying.set(key, lying);
    if (kind === 'sent' && origin?.actor === RECONCILER) {
      const invocation = origin.invocation ?? 0;
      this.resent.push({
        id,
        to: queue,
        invocation,
        begun: this.#begun.get(invocation)?.at ?? 0,
        at,
        hadEnded: this.endedBefore(invocation, id, queue),
        wasUnderWay: this.#isUnderWay(invocation, id, queue),
      });
    }
    if (kind === 'sent') lying.set(message.id, place);
    else if (kind !== 'received') lying.delete(message.id);
  }

  #isUnderWay(invocation: number, id: string, subscriber: string): boolean {
    const lies = [...(this.#lying.get(`${subscriber} ${id}`)?.values() ?? [])];
    if (!lies.some((place) => this.#isBefore(place, invocation))) return false;
    const receipt = this.#receipts.get(`${streamOf(this.#system, subscriber) ?? subscriber} ${id}`);
    if (!receipt || !this.#isBefore(receipt.place, invocation)) return false;
    const lag = receipt.stamp - messageTime(id);
    if (lag < -MINUTE_MS || lag > RECEIPT_SEARCH_MS) return false;
    const deadline = this.#system.subscribers.find(({ name }) => name === subscriber)?.deadline ?? 0;
    return (this.#newestRelayed.get(subscriber) ?? 0) <= receipt.stamp + deadline;
  }
}

function setOrDelete(map: Map<string, number>, key: string, value: number | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
