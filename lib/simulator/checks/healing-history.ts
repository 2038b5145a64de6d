import { messageTime, type ReceiptRow } from '../../contract/index.ts';
import { readReceipt } from '../../runtime/receipt.ts';
import { toRow } from '../../testing/engines/dynamodb/table.ts';
import type { Change } from '../../testing/engines/index.ts';
import { RECONCILER } from '../faults/site.ts';
import type { QueueEntry, RecordEntry } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import { decoded } from './evidence.ts';

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
const RECEIPT_SEARCH = 59 * 60_000;
const MINUTE = 60_000;

/** What was known at each moment of a run, as far as healing is judged by it. Entries are added in their order. */
export class HealingHistory {
  readonly resent: Resent[] = [];
  readonly #ledger: string;
  readonly #system: System;
  /** Places in the record and moments at which runs of reconciliation have begun. */
  readonly #begun = new Map<number, { readonly place: number; readonly at: number }>();
  readonly #committed = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #receipts = new Map<string, { readonly place: number; readonly stamp: number }>();
  readonly #newestRelayed = new Map<string, number>();
  /** Where copies of a message came to lie in a subscriber's queue, by the id that SQS gave them. */
  readonly #lying = new Map<string, Map<string, number>>();

  constructor(system: System, ledger: string) {
    this.#system = system;
    this.#ledger = ledger;
  }

  add(entry: RecordEntry, place: number): void {
    if (entry.kind === 'row' && entry.change.table === this.#ledger) this.#addRow(entry.change, place);
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

  #addRow({ key, after }: Change, place: number): void {
    const [kind, subscriber = ''] = (key.pk?.S ?? '').split('#');
    const id = key.sk?.S ?? '';
    if (kind === 'out') setOrDelete(this.#committed, id, after && place);
    if (kind === 'in') {
      setOrDelete(this.#ended, `${subscriber} ${id}`, after && place);
      const relayed = Number(after?.hops?.M?.relayed?.N ?? 0);
      this.#newestRelayed.set(subscriber, Math.max(relayed, this.#newestRelayed.get(subscriber) ?? 0));
    }
    if (kind === 'relay' && after) {
      for (const { to, ids } of readReceipt(toRow(after) as unknown as ReceiptRow)) {
        for (const one of ids) {
          const known = this.#receipts.get(`${to} ${one}`);
          if (!known) this.#receipts.set(`${to} ${one}`, { place, stamp: messageTime(id) });
        }
      }
    }
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
    if (lag < -MINUTE || lag > RECEIPT_SEARCH) return false;
    const deadline = this.#system.subscribers.find(({ name }) => name === subscriber)?.deadline ?? 0;
    return (this.#newestRelayed.get(subscriber) ?? 0) <= receipt.stamp + deadline;
  }
}

function setOrDelete(map: Map<string, number>, key: string, value: number | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
