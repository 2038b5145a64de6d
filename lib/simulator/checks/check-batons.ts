import { decoded } from '../run/envelopes.ts';
import type { QueueEntry, RecordEntry, RowEntry } from '../run/run-record.ts';
import type { System } from '../system.ts';
import { keyPlaceOf } from './key-order.ts';
import type { Violation } from './violation.ts';

/**
 * O: whoever finds that the message had ended that it was given sends the one behind it, where that lies parked and its turn
 * has come: the one that ended it may have stopped before.
 */
export function checkBatons(
  { subscribers }: Pick<System, 'subscribers'>,
  entries: readonly RecordEntry[],
): Violation[] {
  const watches = new Map(subscribers.filter(({ ordered }) => ordered).map(({ name }) => [name, new Watch(name)]));
  if (watches.size === 0) return [];
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === 'row' && entry.row) watches.get(entry.row.of)?.onRow(entry, place);
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

/** What was known at each moment of one subscriber. Places are those in the record. */
class Watch {
  readonly wrong: string[] = [];
  readonly #subscriber: string;
  readonly #fences = new Map<string, Fence>();
  readonly #parked = new Map<string, Map<number, Parked>>();
  readonly #ended = new Map<string, number>();
  /** By the ids of copies in the queue. */
  readonly #received = new Map<string, number>();
  /** By the ids of messages. */
  readonly #sent = new Map<string, number>();

  constructor(subscriber: string) {
    this.#subscriber = subscriber;
  }

  onRow({ row, change: { key, after } }: RowEntry, place: number): void {
    const name = String(key.pk?.S).split('#').slice(2).join('#');
    if (row?.kind === 'inbox' && after && !this.#ended.has(row.sk)) this.#ended.set(row.sk, place);
    if (row?.kind === 'fence') {
      const number = Number(after?.n?.N ?? 0);
      if (number !== this.#fences.get(name)?.number) this.#fences.set(name, { number, place });
    }
    if (row?.kind !== 'parked') return;
    const all = this.#parked.get(name) ?? new Map<number, Parked>();
    this.#parked.set(name, all);
    const number = Number(row.sk);
    if (!after) all.delete(number);
    else {
      const known = all.get(number)?.place ?? place;
      const [id, before] = [after.id?.S ?? '', Number(after.after?.N)];
      all.set(number, { id, number, after: before, passes: after.pass !== undefined, place: known });
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

  #judge(id: string, envelope: Parameters<typeof keyPlaceOf>[0], received: number): void {
    const own = keyPlaceOf(envelope);
    if (!own || (this.#ended.get(id) ?? Number.POSITIVE_INFINITY) >= received) return;
    const key = own.group.slice(own.group.indexOf(' ') + 1);
    const fence = this.#fences.get(key);
    const next = [...(this.#parked.get(key)?.values() ?? [])]
      .filter(({ number }) => number > (fence?.number ?? 0))
      .reduce<Parked | undefined>((first, one) => (first && first.number < one.number ? first : one), undefined);
    if (!fence || !next || next.passes || next.id === id || next.after > fence.number) return;
    const wasKnown = fence.place < received && next.place < received;
    if (!wasKnown || (this.#sent.get(next.id) ?? 0) > fence.place || this.#ended.has(next.id)) return;
    this.wrong.push(`${id} was acknowledged at ${this.#subscriber}, and ${next.id}, whose turn has come, was not sent`);
  }
}
