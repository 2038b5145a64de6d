import { decoded } from '../run/envelopes.ts';
import type { QueueEntry, RecordEntry, ReturnedEntry, RowEntry } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import { keyPlaceOf } from './key-order.ts';
import type { Violation } from './violation.ts';

/**
 * O: whoever ends a message sends the one behind it, where that lies parked; and so does whoever finds that its message had
 * ended, for the one that ended it may have stopped before.
 */
export function checkBatons(
  system: Pick<System, 'subscribers' | 'streams'>,
  entries: readonly RecordEntry[],
): Violation[] {
  const ordered = system.subscribers.filter((one) => one.ordered);
  const watches = new Map(ordered.map(({ name }) => [name, new Watch(name)]));
  if (watches.size === 0) return [];
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === 'row' && entry.row) watches.get(entry.row.of)?.onRow(entry, place);
    // What fails on a stream comes again by a queue, and nothing says so.
    if (entry.kind === 'returned' && streamOf(system, entry.actor) === undefined)
      watches.get(entry.actor)?.onReturned(entry);
    if (entry.kind === 'queue') for (const watch of watches.values()) watch.onQueue(entry, place);
  }
  const wrong = [...watches.values()].flatMap((watch) => watch.wrong);
  return wrong.map((what) => ({ invariant: 'O', what }));
}

/** How far a key has come. */
interface Fence {
  readonly number: number;
  /** Where in the record it came so far. */
  readonly place: number;
}

interface Parked {
  readonly id: string;
  readonly number: number;
  readonly after: number;
  readonly passes: boolean;
  readonly place: number;
}

/** A message that ended while another was parked behind it. */
interface Left {
  readonly id: string;
  readonly next: Parked;
  readonly place: number;
}

/** What was known at each moment of one subscriber. Places are those in the record. */
class Watch {
  readonly wrong: string[] = [];
  readonly #subscriber: string;
  readonly #fences = new Map<string, Fence>();
  readonly #parked = new Map<string, Map<number, Parked>>();
  readonly #ended = new Map<string, number>();
  /** By the invocation that ended the messages. */
  readonly #left = new Map<number, Left[]>();
  /** By the ids of copies in the queue. */
  readonly #received = new Map<string, number>();
  /** By the ids of messages. */
  readonly #sent = new Map<string, number>();

  constructor(subscriber: string) {
    this.#subscriber = subscriber;
  }

  onRow(entry: RowEntry, place: number): void {
    const { row, change } = entry;
    const key = String(change.key.pk?.S).split('#').slice(2).join('#');
    if (row?.kind === 'inbox' && change.after && !this.#ended.has(row.sk)) this.#ended.set(row.sk, place);
    if (row?.kind === 'fence') this.#onFence(entry, key, place);
    if (row?.kind === 'parked') this.#onParked(entry, key, Number(row.sk), place);
  }

  /** A handler's function is done with a batch, of which it reports nothing. */
  onReturned({ invocation, result }: ReturnedEntry): void {
    const { batchItemFailures = [] } = (result ?? {}) as { readonly batchItemFailures?: readonly unknown[] };
    if (batchItemFailures.length > 0) return;
    for (const { id, next, place } of this.#left.get(invocation) ?? []) {
      if (next.passes || this.#ended.has(next.id)) continue;
      // What has left its group comes again itself, and then looks behind it.
      if ([next.id, id].some((one) => (this.#sent.get(one) ?? 0) > place)) continue;
      this.wrong.push(`${id} ended at ${this.#subscriber}, and ${next.id}, parked behind it, was not sent`);
    }
  }

  onQueue({ event: { kind, queue, message }, origin }: QueueEntry, place: number): void {
    if (queue !== this.#subscriber) return;
    if (kind === 'received') this.#received.set(message.id, place);
    const envelope = kind === 'sent' || (kind === 'deleted' && origin) ? decoded(message.body) : undefined;
    if (!envelope) return;
    if (kind === 'sent') this.#sent.set(envelope.id, place);
    else this.#judge(envelope.id, envelope, this.#received.get(message.id) ?? 0);
  }

  #onFence({ change: { after }, origin }: RowEntry, key: string, place: number): void {
    const number = Number(after?.n?.N ?? 0);
    if (number === this.#fences.get(key)?.number) return;
    this.#fences.set(key, { number, place });
    const next = this.#nextOf(key);
    const invocation = origin?.actor === this.#subscriber ? origin.invocation : undefined;
    if (!next || next.after > number || invocation === undefined) return;
    this.#left.set(invocation, [...(this.#left.get(invocation) ?? []), { id: after?.id?.S ?? '', next, place }]);
  }

  #onParked({ change: { after } }: RowEntry, key: string, number: number, place: number): void {
    const all = this.#parked.get(key) ?? new Map<number, Parked>();
    this.#parked.set(key, all);
    if (!after) {
      all.delete(number);
      return;
    }
    const [id, before] = [after.id?.S ?? '', Number(after.after?.N)];
    const passes = after.pass !== undefined;
    all.set(number, { id, number, after: before, passes, place: all.get(number)?.place ?? place });
  }

  /** What was given up again had ended before it was received: whoever had it has looked behind it. */
  #judge(id: string, envelope: Parameters<typeof keyPlaceOf>[0], received: number): void {
    const own = keyPlaceOf(envelope);
    if (!own || (this.#ended.get(id) ?? Number.POSITIVE_INFINITY) >= received) return;
    const key = own.group.slice(own.group.indexOf(' ') + 1);
    const fence = this.#fences.get(key);
    const next = this.#nextOf(key);
    if (!fence || !next || next.passes || next.id === id || next.after > fence.number) return;
    const wasKnown = fence.place < received && next.place < received;
    if (!wasKnown || (this.#sent.get(next.id) ?? 0) > fence.place || this.#ended.has(next.id)) return;
    // It has left its group, so that it comes again itself.
    if ((this.#sent.get(id) ?? 0) > received) return;
    this.wrong.push(`${id} was acknowledged at ${this.#subscriber}, and ${next.id}, whose turn has come, was not sent`);
  }

  /** Of what lies parked, the one with the smallest number that the fence has not come past. */
  #nextOf(key: string): Parked | undefined {
    const { number: last = 0 } = this.#fences.get(key) ?? {};
    return [...(this.#parked.get(key)?.values() ?? [])]
      .filter(({ number }) => number > last)
      .reduce<Parked | undefined>((first, one) => (first && first.number < one.number ? first : one), undefined);
  }
}
