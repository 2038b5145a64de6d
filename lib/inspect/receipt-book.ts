import { unmarshall } from '@aws-sdk/util-dynamodb';
import { parse } from 'uuid';
import { concurrently } from '../aws/concurrently.ts';
import { LIMITS } from '../contract/limits.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import { type ReceiptRow, receiptPartition } from '../ledger/rows/receipt.ts';
import { messageTime } from '../message/message-id.ts';

/** How long after its commit a message's receipt is looked for: a relay that lags more sends again, which harms nobody. */
const SEARCHED_MINUTES = 60;
const READS_AT_ONCE = 8;
const ID_BYTES = 16;
/** Of all minutes that are kept: 2 million copies. What is more is read again when it is asked for. */
const KEPT_BYTES = 32 * 1024 * 1024;

interface Entry {
  readonly to: string;
  readonly sent: number;
  readonly ids: Buffer;
}

/** A copy that is looked for: to whom, and the bytes of its id. */
interface Wanted {
  readonly to: string;
  readonly id: Buffer;
  readonly found: (sent: number | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * What the relay has written down of what it sent where. A minute is read when it is first asked for, and kept while all
 * that are kept fit into some MiB. A larger one is searched page by page, once for all that are looked for meanwhile: a
 * minute of a large ledger may hold millions of copies.
 */
export class ReceiptBook {
  readonly #ledger: Ledger;
  /** The minutes that fit; `undefined` of those that do not. */
  readonly #minutes = new Map<string, readonly Entry[] | undefined>();
  readonly #waiting = new Map<string, Wanted[]>();
  readonly #searching = new Set<string>();
  #kept = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * When the relay had sent a message, in milliseconds since the epoch; `undefined` where no receipt says so.
   *
   * @param to the subscriber of a queue, or the stream
   * @param deliverAt of a delayed message: what does not fit into a queue's delay is sent only when its moment comes near
   */
  async sentAt(id: string, to: string, deliverAt = 0): Promise<number | undefined> {
    const wanted = Buffer.from(parse(id));
    const start = Math.max(messageTime(id), deliverAt - LIMITS.queueDelaySeconds * 1000);
    const end = Math.min(this.#ledger.environment.now(), start + SEARCHED_MINUTES * MINUTE_MS);
    // The relay's clock may be behind the producer's.
    for (let time = start - MINUTE_MS; time < end + MINUTE_MS; time += MINUTE_MS) {
      const sent = await this.#sentIn(minuteOf(time), to, wanted);
      if (sent !== undefined) return sent;
    }
    return undefined;
  }

  #sentIn(minute: string, to: string, id: Buffer): Promise<number | undefined> | number | undefined {
    const kept = this.#minutes.get(minute);
    if (kept) return kept.find((entry) => entry.to === to && holds(entry.ids, id))?.sent;
    return new Promise((found, failed) => {
      const waiting = this.#waiting.get(minute) ?? [];
      this.#waiting.set(minute, waiting);
      waiting.push({ to, id, found, failed });
      void this.#search(minute);
    });
  }

  /** One search at a time of a minute: whoever comes during one is served by the next. */
  async #search(minute: string): Promise<void> {
    if (this.#searching.has(minute)) return;
    this.#searching.add(minute);
    // Those that ask at the same moment are served together.
    await Promise.resolve();
    for (let wanted = this.#take(minute); wanted.length > 0; wanted = this.#take(minute)) {
      try {
        await this.#serve(minute, wanted);
      } catch (error) {
        for (const { failed } of wanted) failed(error);
      }
    }
    this.#searching.delete(minute);
  }

  #take(minute: string): readonly Wanted[] {
    const waiting = this.#waiting.get(minute) ?? [];
    this.#waiting.delete(minute);
    return waiting;
  }

  async #serve(minute: string, wanted: readonly Wanted[]): Promise<void> {
    const keeping = !this.#minutes.has(minute);
    let kept: Entry[] | undefined = keeping ? [] : undefined;
    let bytes = 0;
    const search = new Search(wanted);
    const shards = Array.from({ length: this.#ledger.shards }, (_, shard) => shard);
    await concurrently(READS_AT_ONCE, shards, async (shard) => {
      for await (const rows of partition(this.#ledger, receiptPartition(minute, shard), { consistent: true })) {
        // What is kept must be whole; else nobody needs the rest once all is found.
        if (!kept && search.isDone) return;
        for (const entry of rows.flatMap(entriesIn)) {
          search.look(entry);
          bytes += entry.ids.byteLength;
          kept?.push(entry);
        }
        if (this.#kept + bytes > KEPT_BYTES) kept = undefined;
      }
    });
    if (keeping) {
      this.#minutes.set(minute, kept);
      if (kept) this.#kept += bytes;
    }
    search.end();
  }
}

/** A search for some copies through entries, in whatever order these come. */
class Search {
  readonly #left = new Map<string, Wanted[]>();

  constructor(wanted: readonly Wanted[]) {
    for (const one of wanted) {
      const key = keyOf(one.id, 0);
      this.#left.set(key, [...(this.#left.get(key) ?? []), one]);
    }
  }

  get isDone(): boolean {
    return this.#left.size === 0;
  }

  look({ to, sent, ids }: Entry): void {
    for (let at = 0; at < ids.byteLength && !this.isDone; at += ID_BYTES) {
      const key = keyOf(ids, at);
      const wanted = this.#left.get(key);
      if (!wanted) continue;
      const others = wanted.filter((one) => one.to !== to);
      for (const one of wanted) if (one.to === to) one.found(sent);
      if (others.length > 0) this.#left.set(key, others);
      else this.#left.delete(key);
    }
  }

  /** What was not found is in no entry. */
  end(): void {
    for (const wanted of this.#left.values()) for (const { found } of wanted) found(undefined);
  }
}

function keyOf(ids: Buffer, at: number): string {
  return ids.toString('latin1', at, at + ID_BYTES);
}

function entriesIn(row: Parameters<typeof unmarshall>[0]): Entry[] {
  const { sk, sent } = unmarshall({ ...row }) as ReceiptRow;
  return sent.map(({ to, ids }) => ({ to, sent: messageTime(sk), ids: Buffer.from(ids) }));
}

/** Whether packed ids hold this one: the same bytes across two ids are none. */
function holds(ids: Buffer, wanted: Buffer): boolean {
  for (let at = ids.indexOf(wanted); at !== -1; at = ids.indexOf(wanted, at + 1)) {
    if (at % ID_BYTES === 0) return true;
  }
  return false;
}
