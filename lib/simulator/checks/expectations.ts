import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Adoption, RouteRow, Term } from '../../ledger/rows/route.ts';
import { messageTime } from '../../message/message-id.ts';
import type { RecordEntry, RowEntry } from '../run/run-record.ts';

/** A subscriber's terms for an event type, and whether it had the first of them when the run began. */
interface Terms {
  readonly all: readonly Term[];
  readonly fromBeginning: boolean;
  /** When its route was first written, in milliseconds since the epoch. */
  readonly registered: number;
  /** Whether it reads a stream. */
  readonly isStreamed: boolean;
  /** Whose messages it adopts. */
  readonly adopts?: Adoption;
}

/** A message, as far as its routes need it. */
interface Message {
  readonly id: string;
  readonly type: string;
}

/** So long a function may go by what it has read, in milliseconds. */
const LINGERING_MS = 60_000;

/**
 * Who is to get which message, by the routes that lie in the ledger: the rule of the design, spelled here once more, so that
 * relay and reconciliation are not judged by what they themselves ask. Entries are added in their order.
 */
export class Expectations {
  /** By event type, then by subscriber. */
  readonly #terms = new Map<string, Map<string, Terms>>();
  readonly #removed = new Set<string>();
  /** `<subscriber> <id>` of what was abandoned. */
  readonly #abandoned = new Set<string>();
  #hasBegun = false;

  constructor(entries: Iterable<RecordEntry> = []) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: RecordEntry): void {
    if (entry.kind === 'row') this.addRow(entry);
    else if (entry.kind === 'invocation') this.#hasBegun = true;
    else if (entry.kind === 'deployed' && entry.action === 'removed') this.#removed.add(entry.subscriber);
  }

  addRow({ row, change: { after, at } }: Pick<RowEntry, 'row' | 'change'>): void {
    if (row?.kind === 'inbox' && after?.state?.S === 'abandoned') this.#abandoned.add(`${row.of} ${row.sk}`);
    if (row?.kind !== 'route' || !after) return;
    const bySubscriber = this.#terms.get(row.of) ?? new Map<string, Terms>();
    this.#terms.set(row.of, bySubscriber);
    const known = bySubscriber.get(row.sk);
    const { adopts } = unmarshall(after) as RouteRow;
    bySubscriber.set(row.sk, {
      ...(adopts && { adopts }),
      all: termsIn(after),
      registered: known?.registered ?? at,
      fromBeginning: known ? known.fromBeginning : !this.#hasBegun,
      isStreamed: after.destination?.M?.kind?.S === 'stream',
    });
  }

  /** Whether a message is to end at a subscriber. */
  has(subscriber: string, message: Message): boolean {
    const former = this.#formerOf(subscriber, message);
    if (!former) return this.#within(subscriber, message) !== undefined;
    return former.until !== undefined && this.#abandoned.has(`${former.subscriber} ${message.id}`);
  }

  /** Whether a message may become a subscriber's by adoption: who cancels it keeps it from that one, too. */
  mayAdopt(subscriber: string, message: Message): boolean {
    return this.#formerOf(subscriber, message) !== undefined;
  }

  /** Whether a message is a subscriber's since the one that it was for was removed before it had ended it. */
  hasAdopted(subscriber: string, message: Message): boolean {
    return this.mayAdopt(subscriber, message) && this.has(subscriber, message);
  }

  /** The term in which a subscriber's own route expects a message. */
  #within(subscriber: string, { id, type }: Message): Term | undefined {
    const time = messageTime(id);
    return this.termsOf(subscriber, type).find(
      ({ since, until }) => since <= time && (until === undefined || time < until),
    );
  }

  /** The subscriber that a message is for as long as that is there, where another one adopts what it has not ended. */
  #formerOf(
    subscriber: string,
    message: Message,
  ): { readonly subscriber: string; readonly until?: number } | undefined {
    const adopts = this.#terms.get(message.type)?.get(subscriber)?.adopts;
    if (!adopts || (messageTime(message.id) < adopts.since && this.#within(subscriber, message))) return undefined;
    const term = this.#within(adopts.subscriber, message);
    return term && { subscriber: adopts.subscriber, ...(term.until !== undefined && { until: term.until }) };
  }

  /** Whether a reader of a stream, which goes by its route as it was up to a minute ago, may not know yet that it was removed. */
  mayLinger(subscriber: string, { id, type }: Message): boolean {
    const time = messageTime(id);
    const { all = [], isStreamed = false } = this.#terms.get(type)?.get(subscriber) ?? {};
    return isStreamed && all.some(({ until = Infinity }) => until <= time && time < until + LINGERING_MS);
  }

  /** Whether a subscriber's route began so shortly before a message that whoever does not know its event type may not have read of it. */
  hasJustBegun(subscriber: string, message: Message): boolean {
    const { registered = 0 } = this.#terms.get(message.type)?.get(subscriber) ?? {};
    return messageTime(message.id) < registered + LINGERING_MS;
  }

  /** Who is to get a message. */
  of(message: Message): string[] {
    return [...(this.#terms.get(message.type)?.keys() ?? [])].filter((name) => this.has(name, message));
  }

  /** The terms of a subscriber for an event type, the one that it has now first. */
  termsOf(subscriber: string, type: string): readonly Term[] {
    return this.#terms.get(type)?.get(subscriber)?.all ?? [];
  }

  /** Whether an event type has a route, or had one. */
  hasRoutes(type: string): boolean {
    return this.#terms.has(type);
  }

  /** Whether a subscriber was not there when the run began, and gets what waited for it. */
  waitedFor(subscriber: string, type: string): boolean {
    const terms = this.#terms.get(type)?.get(subscriber);
    return terms !== undefined && !terms.fromBeginning;
  }

  /** Whether a subscriber was removed, maybe to come back: what lay in its queue is gone. */
  wasRemoved(subscriber: string): boolean {
    return this.#removed.has(subscriber);
  }
}

function termsIn(row: Readonly<Record<string, AttributeValue>>): readonly Term[] {
  const { since, until, past = [] } = unmarshall({ ...row }) as RouteRow;
  return [{ since, ...(until !== undefined && { until }) }, ...past];
}
