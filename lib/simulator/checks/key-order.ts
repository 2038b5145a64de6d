import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { InboxRow } from '../../ledger/rows/inbox.ts';
import type { Envelope } from '../../message/envelope.ts';
import { decodedRow } from '../run/envelopes.ts';
import type { RecordEntry, RowEntry } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Expectations } from './expectations.ts';

/** A message's place, as its envelope says it: read here once more, so that the order is not judged by what keeps it. */
export interface KeyPlace {
  /** Sequence and key. */
  readonly group: string;
  readonly number: number;
}

const PLACE = /^([a-z0-9-]+)(\*?) (\d+)(?: |$)/;

export function keyPlaceOf({ order = '', partitionkey }: Envelope): KeyPlace | undefined {
  const [, sequence, isGlobal, number] = PLACE.exec(order) ?? [];
  return sequence === undefined
    ? undefined
    : { group: `${sequence} ${isGlobal || partitionkey}`, number: Number(number) };
}

/** A message that has its place. */
interface Numbered {
  readonly id: string;
  readonly type: string;
  readonly number: number;
}

/** Which messages of a key wait for a dead one, by the record of rows alone. Entries are added in their order. */
export class KeyOrder {
  readonly #blocking: ReadonlySet<string>;
  readonly #expectations: Expectations;
  /** By sequence and key. */
  readonly #groups = new Map<string, Numbered[]>();
  readonly #places = new Map<string, KeyPlace>();
  /** `<subscriber> <id>` of what is dead and not expired: what ended as expired holds up nobody. */
  readonly #dead = new Set<string>();
  /** The same, of what lies parked. */
  readonly #parked = new Set<string>();

  constructor(
    { subscribers }: Pick<System, 'subscribers'>,
    expectations: Expectations,
    entries: Iterable<RecordEntry> = [],
  ) {
    this.#expectations = expectations;
    this.#blocking = new Set(subscribers.filter(({ ordered }) => ordered?.onDead === 'block').map(({ name }) => name));
    for (const entry of entries) if (entry.kind === 'row') this.add(entry);
  }

  add({ row, change: { before, after } }: Pick<RowEntry, 'row' | 'change'>): void {
    if (this.#blocking.size === 0 || !row) return;
    if (row.kind === 'parked') {
      const copy = `${row.of} ${(after ?? before)?.id?.S}`;
      if (after) this.#parked.add(copy);
      else this.#parked.delete(copy);
    }
    if (!after) return;
    if (row.kind === 'outbox' && !before) {
      const envelope = decodedRow(after);
      const place = envelope && keyPlaceOf(envelope);
      if (!envelope || !place) return;
      this.#places.set(row.sk, place);
      const group = this.#groups.get(place.group) ?? [];
      group.push({ id: row.sk, type: envelope.type, number: place.number });
      this.#groups.set(place.group, group);
    } else if (row.kind === 'inbox') {
      const { state, reason } = unmarshall(after) as InboxRow;
      const copy = `${row.of} ${row.sk}`;
      if (state === 'dead' && reason !== 'expired') this.#dead.add(copy);
      else this.#dead.delete(copy);
    }
  }

  /** Whether a message lies parked at a subscriber for one before it that is dead there. */
  isBlocked(subscriber: string, id: string): boolean {
    const place = this.#blocking.has(subscriber) ? this.#places.get(id) : undefined;
    if (!place || !this.#parked.has(`${subscriber} ${id}`)) return false;
    return (this.#groups.get(place.group) ?? []).some(
      (one) =>
        one.number < place.number &&
        this.#dead.has(`${subscriber} ${one.id}`) &&
        this.#expectations.has(subscriber, one),
    );
  }
}
