import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { OUTBOX_PREFIX } from '../../ledger/rows/layout.ts';
import { FORWARDER, RELAY } from '../faults/site.ts';
import { decoded, decodedRow, textsIn } from '../run/envelopes.ts';
import type { InvocationEntry, QueueEntry, RowEntry, RunRecord } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import { ATTRIBUTES } from './attributes.ts';
import { Expectations } from './expectations.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/**
 * L, at each hop: an event source deletes a message once it has ended; relay and forwarder are done with one, and the sweep
 * is past it, once every copy is sent, waits for its moment, or lies in the forward queue for its destination. What is let go too early reconciliation finds, and sends
 * again: it is no excuse.
 */
export function checkPromises(system: System, { entries }: RunRecord, { skewed }: Leniency): Violation[] {
  const promises = new Promises(system, skewed);
  for (const entry of entries) {
    promises.expectations.add(entry);
    promises.now = entry.at;
    if (entry.kind === 'row') promises.onRow(entry);
    else if (entry.kind === 'queue') promises.onQueue(entry);
    else if (entry.kind === 'stream') promises.onSent(entry.stream, Buffer.from(entry.record.data).toString());
    else if (entry.kind === 'invocation' && entry.actor === RELAY) promises.onGiven(entry.invocation, entry.event);
    else if (entry.kind === 'invocation') promises.onStreamed(entry);
    else if (entry.kind === 'returned' && entry.actor === RELAY) promises.onDone(entry.invocation);
    else if (entry.kind === 'returned' && !reportsFailures(entry.result))
      promises.onRead(entry.actor, entry.invocation);
  }
  return promises.wrong.map((what) => ({ invariant: 'L', what }));
}

/** What was known at each moment of a run of where messages are. */
class Promises {
  readonly wrong: string[] = [];
  /** Milliseconds since the epoch. */
  now = 0;
  /** As they are by now. */
  readonly expectations = new Expectations();
  readonly #system: System;
  readonly #skewed: boolean;
  /** `<subscriber> <id>` */
  readonly #ended = new Set<string>();
  /** The same. */
  readonly #parked = new Set<string>();
  /** The same, of what has left its group in a FIFO queue; and the copies that were sent for it, by their ids in the queue. */
  readonly #regrouped = new Set<string>();
  readonly #copies = new Set<string>();
  /** `<queue or stream> <id>` */
  readonly #sent = new Set<string>();
  /** By the same: the ids of the copies that lie in the forward queue for that destination alone. */
  readonly #handedOver = new Map<string, Set<string>>();
  readonly #types = new Map<string, string>();
  /** When each message expires, in milliseconds since the epoch. */
  readonly #expires = new Map<string, number>();
  readonly #cancelled = new Set<string>();
  /** Sort keys of due rows, by shard and by message. */
  readonly #due = new Map<string, string[]>();
  readonly #waiting = new Set<string>();
  /** Messages whose rows are to be read again: the forward queue asks for them. */
  readonly #readLater = new Set<string>();
  /** Ids of messages, by invocation of the relay. */
  readonly #given = new Map<number, readonly string[]>();
  /** Ids of messages that came by a stream, by `<subscriber> <invocation>`. */
  readonly #streamed = new Map<string, readonly string[]>();

  /** @param skewed whether a clock was wrong */
  constructor(system: System, skewed: boolean) {
    this.#system = system;
    this.#skewed = skewed;
  }

  onRow({ row, change: { before, after } }: RowEntry): void {
    if (!row || !after) return;
    const { kind, of, sk } = row;
    if (kind === 'inbox') this.#ended.add(`${of} ${sk}`);
    // Its turn has not come: it is sent again from the outbox.
    if (kind === 'parked' && after.id?.S) this.#parked.add(`${of} ${after.id.S}`);
    if (kind === 'outbox') {
      const envelope = decodedRow(after);
      this.#types.set(sk, envelope?.type ?? '');
      if (envelope) this.#expires.set(sk, Date.parse(envelope.expires));
    }
    if (kind === 'outbox' && after.cancelled) this.#cancelled.add(sk);
    if (kind === 'due') {
      this.#due.set(of, [...(this.#due.get(of) ?? []), sk]);
      this.#waiting.add(idOf(sk));
    }
    // Where clocks differ, a row may come to lie where the sweep has been.
    if (kind !== 'sweep' || this.#skewed) return;
    const [from, to] = [before?.upTo?.S ?? '', after.upTo?.S ?? ''];
    const passed = (this.#due.get(sk) ?? []).filter((row) => row > from && row <= to);
    for (const row of passed) this.#demandSent('the sweep is past', idOf(row), { waits: false });
  }

  #handOver(copy: string, entry: string, kind: QueueEntry['event']['kind']): void {
    const lying = this.#handedOver.get(copy) ?? new Set();
    this.#handedOver.set(copy, lying);
    if (kind === 'sent') lying.add(entry);
    if (kind === 'deleted') lying.delete(entry);
  }

  #isCaredFor(copy: string): boolean {
    return this.#ended.has(copy) || this.#parked.has(copy);
  }

  onQueue({ event: { kind, queue, message }, origin }: QueueEntry): void {
    const id = decoded(message.body)?.id;
    const subscriber = queue.replace(/-backstop$/, '');
    const only = (message.attributes[ATTRIBUTES.stream] ?? message.attributes[ATTRIBUTES.subscriber])?.StringValue;
    if (queue === FORWARDER && id && only) this.#handOver(`${only} ${id}`, message.id, kind);
    if (kind === 'sent') this.onSent(queue, message.body);
    if (kind === 'sent' && message.groupId !== undefined && origin?.actor === queue) {
      this.#regrouped.add(`${queue} ${id}`);
      this.#copies.add(message.id);
    }
    const due = /^\{"due":"([0-9a-f-]+)"/.exec(message.body)?.[1];
    if (kind === 'sent' && queue === FORWARDER && due && origin) this.#readLater.add(due);
    if (kind !== 'deleted' || !origin) return;
    if (queue === FORWARDER) {
      const forwarded = id ?? due;
      // Whoever could not read its row did not know its moment: it may have been put to wait.
      const isNotice = due !== undefined && !this.#readLater.has(due);
      // Nor does one whose clock is behind.
      const demand = { waits: (!isNotice && !only) || this.#skewed, only, readLater: false };
      if (forwarded) this.#demandSent('the forwarder was done with', forwarded, demand);
    }
    const isOwn = this.#system.subscribers.some(({ name }) => name === subscriber);
    const isElsewhere = this.#regrouped.has(`${subscriber} ${id}`) && !this.#copies.has(message.id);
    if (isElsewhere) return;
    if (id && isOwn && this.#isMeantFor(subscriber, id) && !this.#isCaredFor(`${subscriber} ${id}`))
      this.wrong.push(`${id} was acknowledged at ${subscriber}, and had not ended`);
  }

  /** What was parked before its reader's route was there is let go where the route does not give it. */
  #isMeantFor(subscriber: string, id: string): boolean {
    if (streamOf(this.#system, subscriber) === undefined) return true;
    return this.expectations.has(subscriber, { id, type: this.#types.get(id) ?? '' });
  }

  onSent(to: string, text: string): void {
    const envelope = decoded(text);
    if (envelope) this.#sent.add(`${to} ${envelope.id}`);
  }

  onGiven(invocation: number, event: object): void {
    const { Records = [] } = event as { readonly Records?: readonly OutboxRecord[] };
    const ids = Records.flatMap(({ dynamodb: { Keys, NewImage } = {} }) => {
      const isRelayed = Keys?.pk?.S?.startsWith(OUTBOX_PREFIX) && !NewImage?.sending;
      return isRelayed && decodedRow(NewImage) ? [Keys?.sk?.S ?? ''] : [];
    });
    this.#given.set(invocation, ids);
  }

  onDone(invocation: number): void {
    for (const id of this.#given.get(invocation) ?? []) this.#demandSent('the relay was done with', id, {});
  }

  /** What is adopted is sent by reconciliation; and of a type that its code does not know a reader asks once a minute. */
  onStreamed({ actor, invocation, event, former }: InvocationEntry): void {
    const { Records = [] } = event as { readonly Records?: readonly { readonly kinesis?: unknown }[] };
    const reader = this.#system.subscribers.find(({ name }) => name === actor);
    if (!reader || !Records.some(({ kinesis }) => kinesis)) return;
    const ids = textsIn(event).flatMap((text) => {
      const envelope = decoded(text);
      if (!envelope || !this.expectations.has(actor, envelope) || this.expectations.hasAdopted(actor, envelope))
        return [];
      return former && this.expectations.hasJustBegun(actor, envelope) ? [] : [envelope.id];
    });
    this.#streamed.set(`${actor} ${invocation}`, ids);
  }

  /** What a stream's reader is done with has ended, or is parked in its own queue. */
  onRead(actor: string, invocation: number): void {
    for (const id of this.#streamed.get(`${actor} ${invocation}`) ?? []) {
      if (this.#isCaredFor(`${actor} ${id}`) || this.#sent.has(`${actor} ${id}`)) continue;
      this.wrong.push(`${actor} was done with ${id}, and had neither ended nor parked it`);
    }
  }

  #demandSent(who: string, id: string, { waits = true, only, readLater = true }: Demand): void {
    if (this.#cancelled.has(id) || (waits && this.#waiting.has(id))) return;
    // What has expired nobody sends any more.
    if ((this.#expires.get(id) ?? Infinity) <= this.now) return;
    if (readLater && this.#readLater.has(id)) return;
    for (const name of this.expectations.of({ id, type: this.#types.get(id) ?? '' })) {
      const to = streamOf(this.#system, name) ?? name;
      if ((only !== undefined && to !== only) || this.#isExcused(name, id)) continue;
      // What lies in the forward queue is what is to be sent from there, so that it is no evidence that it was.
      const isHandedOver = (this.#handedOver.get(`${to} ${id}`)?.size ?? 0) > 0;
      if (isHandedOver || this.#sent.has(`${to} ${id}`) || this.#isCaredFor(`${name} ${id}`)) continue;
      this.wrong.push(`${who} ${id}, and had not sent it to ${to}`);
    }
  }

  /**
   * What a removed subscriber's queue does not take is let go rightly. A first subscriber gets by the sweep what waited for
   * it; and where a clock is wrong, the relay may take its copy of the routes for newer than they are.
   */
  #isExcused(subscriber: string, id: string): boolean {
    const { expectations } = this;
    const isLate = expectations.waitedFor(subscriber, this.#types.get(id) ?? '');
    const isFirst =
      isLate && expectations.termsOf(subscriber, this.#types.get(id) ?? '').some(({ since }) => since === 0);
    return isFirst || (isLate && this.#skewed) || expectations.wasRemoved(subscriber);
  }
}

interface Demand {
  /** Whether a row by which it waits will do. @default true */
  readonly waits?: boolean;
  /** Whether it will do that its row is to be read again. @default true */
  readonly readLater?: boolean;
  /** The only queue or stream that is demanded. @default all */
  readonly only?: string | undefined;
}

/** Of a change in the ledger's stream. */
interface OutboxRecord {
  readonly dynamodb?: {
    readonly Keys?: Record<string, { readonly S?: string }>;
    readonly NewImage?: Record<string, AttributeValue>;
  };
}

function reportsFailures(result: unknown): boolean {
  const { batchItemFailures = [] } = (result ?? {}) as { readonly batchItemFailures?: readonly unknown[] };
  return batchItemFailures.length > 0;
}

function idOf(sk: string): string {
  return sk.slice(sk.indexOf('#') + 1);
}
