import { MINUTE_MS } from '../../contract/time.ts';
import { readDueKey } from '../../ledger/rows/due.ts';
import { messageTime } from '../../message/message-id.ts';
import type { Change } from '../../testing/engines/index.ts';
import { Expectations } from '../checks/expectations.ts';
import { KeyOrder } from '../checks/key-order.ts';
import type { System } from '../system.ts';
import { decodedRow } from './envelopes.ts';
import type { LedgerRow } from './ledger-row.ts';

/** How old a half message is when reconciliation looks at it, in milliseconds, at most. */
const UNASKED_MS = 15 * MINUTE_MS;

/** A redrive that nobody has written for so long is woken, in milliseconds: a second later than that. */
const ASLEEP_MS = 5 * MINUTE_MS + 1_000;

/** What reconciliation still has to do in a run, kept up to date at each commit, so that it costs nothing to ask. */
export class Unfinished {
  readonly #expectations = new Expectations();
  readonly #order: KeyOrder;
  /** By id: what was committed, and the moment for which it waits. */
  readonly #committed = new Map<string, { readonly type: string; readonly moment: number }>();
  /** `<subscriber> <id>` */
  readonly #ended = new Set<string>();
  /** Since when each copy is to be delivered: 0 for at once. Of a delayed one, its moment. */
  readonly #copies = new Map<string, number>();
  /** When each case is looked at next: 0 for at once. */
  readonly #cases = new Map<string, number>();
  /** From when on reconciliation has the producers asked of half messages of which nothing says that anybody asks. */
  readonly #halves = new Map<string, number>();
  /** When the reconciler wakes each redrive that runs, if nobody has written it since: by subscriber. */
  readonly #redrives = new Map<string, number>();
  /** When the newest message was committed, in milliseconds since the epoch; 0 where none was. */
  lastCommit = 0;
  #lastEnd = 0;
  /** The last moment that a row says a message waits for, whether or not it was cancelled since. */
  #lastDue = 0;

  constructor(system: Pick<System, 'subscribers'>) {
    this.#order = new KeyOrder(system, this.#expectations);
  }

  /** Whether a message has not ended at a subscriber that consumes it, has a case that is open, nobody asks for a half message, or a redrive runs. */
  get any(): boolean {
    return this.next < Infinity;
  }

  #isCaseBlocked(of: string): boolean {
    const [id = '', subscriber = ''] = of.split('#');
    return this.#isBlocked(`${subscriber} ${id}`);
  }

  /** Whether a copy, `<subscriber> <id>`, waits for a dead one of its key. */
  #isBlocked(copy: string): boolean {
    const [subscriber = '', id = ''] = copy.split(' ');
    return this.#order.isBlocked(subscriber, id);
  }

  /** Since when, or from when on, there is something to do for what is unfinished; infinite where nothing is. */
  get next(): number {
    const copies = [...this.#copies].filter(([copy]) => !this.#isBlocked(copy)).map(([, moment]) => moment);
    const cases = [...this.#cases].filter(([of]) => !this.#isCaseBlocked(of)).map(([, moment]) => moment);
    return Math.min(Infinity, ...copies, ...cases, ...this.#halves.values(), ...this.#redrives.values());
  }

  /** Whether messages wait for their moments, or have waited. */
  get delayed(): boolean {
    return this.lastMoment > 0;
  }

  /** The last moment for which a message waits or has waited until it ended; 0 where none does. */
  get lastMoment(): number {
    return Math.max(this.#lastEnd, this.#lastDue, ...this.#copies.values());
  }

  /** To be called at each change of a row of the ledger. */
  onChange(row: LedgerRow, change: Change): void {
    const { kind, of, sk: id } = row;
    const { before, after, at } = change;
    this.#order.add({ row, change });
    if (kind === 'route') {
      this.#expectations.addRow({ row, change });
      // What waited for its first subscriber is unfinished from now on.
      for (const [one, { type }] of this.#committed) if (type === of) this.#expect(one, id);
    } else if (kind === 'outbox' && after && !before) {
      this.lastCommit = at;
      const envelope = decodedRow(after);
      const moment = envelope?.deliverat === undefined ? 0 : Date.parse(envelope.deliverat);
      if (!envelope) return;
      this.#committed.set(id, { type: envelope.type, moment });
      this.#expect(id);
    } else if (kind === 'inbox') {
      const copy = `${of} ${id}`;
      if (this.#copies.get(copy)) this.#lastEnd = at;
      this.#copies.delete(copy);
      this.#ended.add(copy);
      this.#expectations.addRow({ row, change });
      // From now on it is its successor's.
      if (after?.state?.S === 'abandoned') this.#expect(id);
    } else if (kind === 'half') {
      const isUnasked = after?.state?.S === 'prepared' && !after.asked && !after.quarantined;
      if (isUnasked) this.#halves.set(id, messageTime(id) + UNASKED_MS);
      else this.#halves.delete(id);
    } else if (kind === 'due' && after) {
      this.#lastDue = Math.max(this.#lastDue, readDueKey({ sk: id }).deliverAt);
    } else if (kind === 'redrive') {
      this.#onRedrive(row, change);
    } else if (kind === 'case') {
      if (after) this.#cases.set(id, after.deliverAt ? Number(after.next?.N ?? 0) : 0);
      else this.#cases.delete(id);
    }
  }

  /** A row of the redrives that run names its subscriber, and the row of an operation has it in its partition. */
  #onRedrive({ of, sk }: LedgerRow, { after, at }: Change): void {
    if (of === '' && !after) this.#redrives.delete(sk);
    else if (of === '' || this.#redrives.has(of)) this.#redrives.set(of || sk, at + ASLEEP_MS);
  }

  /** @param former a subscriber that may not expect it any more */
  #expect(id: string, former?: string): void {
    const { type, moment } = this.#committed.get(id) ?? { type: '', moment: 0 };
    const names = this.#expectations.of({ id, type });
    if (former !== undefined && !names.includes(former)) this.#copies.delete(`${former} ${id}`);
    for (const name of names) {
      if (!this.#ended.has(`${name} ${id}`)) this.#copies.set(`${name} ${id}`, moment);
    }
  }
}
