import { unmarshall } from '@aws-sdk/util-dynamodb';
import { BookCourier, SellPiece } from '../../examples/flash-sale/contract.ts';
import { getRows } from '../../lib/ledger/batch-get.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';

/** Rows of one request. */
const BATCH = 100;

/** A message of a sale: an order, or the request for its courier. */
interface Followed {
  readonly orderId: string;
  readonly committed: number;
  ended?: InboxRow;
}

/** Follows the messages of a sale through the inboxes, by their ids. */
export class SaleTracker {
  readonly #ledger: Ledger;
  readonly #orders = new Map<string, Followed>();
  readonly #couriers = new Map<string, Followed>();
  #polls = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  follow(orderId: string, id: string): void {
    this.#orders.set(id, { orderId, committed: this.#ledger.environment.now() });
  }

  /** Looks what has ended since the last time. */
  async poll(): Promise<void> {
    this.#polls += 1;
    for (const row of await this.#endedOf(SellPiece.name, this.#orders)) {
      const { orderId = '' } = this.#orders.get(row.sk) ?? {};
      for (const id of row.published ?? []) this.#couriers.set(id, { orderId, committed: row.hops.ended });
    }
    await this.#endedOf(BookCourier.name, this.#couriers);
  }

  async #endedOf(subscriber: string, followed: ReadonlyMap<string, Followed>): Promise<InboxRow[]> {
    const found: InboxRow[] = [];
    const open = [...followed].filter(([, { ended }]) => !ended).map(([id]) => id);
    for (let start = 0; start < open.length; start += BATCH) {
      const keys = open.slice(start, start + BATCH).map((id) => inboxKey(subscriber, id));
      const rows = (await getRows(this.#ledger, keys)).map((row) => unmarshall(row) as InboxRow);
      found.push(...rows);
      // Messages end about in the order in which they were followed. Now and then all are looked at.
      if (rows.length === 0 && this.#polls % 5 !== 0) break;
    }
    for (const row of found) {
      const one = followed.get(row.sk);
      if (one) one.ended = row;
    }
    return found;
  }

  get pending(): number {
    return this.#all.filter(({ ended }) => !ended).length;
  }

  get ended(): number {
    return this.#all.filter(({ ended }) => ended).length;
  }

  /** Orders of which something never ended, or was buried. */
  get lost(): string[] {
    return [...new Set(this.#all.filter(({ ended }) => ended?.state !== 'handled').map(({ orderId }) => orderId))];
  }

  /** When the first courier was asked for, in milliseconds since the epoch. */
  get firstCourierAt(): number | undefined {
    const all = [...this.#couriers.values()].map(({ committed }) => committed);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  /** When couriers were booked. */
  get courierEnds(): number[] {
    return [...this.#couriers.values()].flatMap(({ ended }) => ended?.hops.ended ?? []);
  }

  /** Couriers that were booked later than they should have been, or never. */
  lateCouriers(deadline: number): number {
    const now = this.#ledger.environment.now();
    return [...this.#couriers.values()].filter(
      ({ committed, ended }) => (ended?.hops.ended ?? now) - committed > deadline,
    ).length;
  }

  /** The newest request for a courier that was made before a moment and has not ended. */
  newestCourier(before: number): string | undefined {
    const open = [...this.#couriers].filter(([, { ended, committed }]) => !ended && committed < before);
    return open.at(-1)?.[0];
  }

  get #all(): Followed[] {
    return [...this.#orders.values(), ...this.#couriers.values()];
  }
}
