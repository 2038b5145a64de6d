import { concurrently } from '../aws/concurrently.ts';
import { environmentOf, type GivenContext, quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { getRows, READ_BATCH } from '../ledger/batch-get.ts';
import { type Ledger, ledgerOf, updateRow } from '../ledger/ledger.ts';
import { readOutboxRows, reportCorrupt } from '../ledger/outbox.ts';
import { partition } from '../ledger/partition.ts';
import { type RouteBook, RouteBooks } from '../ledger/route-book.ts';
import { sweepKey } from '../ledger/rows/cursor.ts';
import { duePartition, readDueKey } from '../ledger/rows/due.ts';
import type { LedgerKey } from '../ledger/rows/layout.ts';
import { outboxKey } from '../ledger/rows/outbox.ts';
import { withEveryShard } from '../ledger/shards.ts';
import type { Envelope } from '../message/envelope.ts';
import { isMessageId } from '../message/message-id.ts';
import { backfill } from './backfill.ts';
import { dispatch } from './dispatch.ts';
import { readLater } from './hand-over.ts';

/** The Lambda handler of the sweeper. */
export type Sweeper = (event: unknown, context?: GivenContext) => Promise<void>;

/** So far ahead each run looks: nine runs in a row may be missed. */
const LOOKAHEAD_MS = 600_000;
const CHUNKS_AT_ONCE = 4;

/** Where the context does not say how long the invocation may take. */
const INVOCATION_MS = 60_000;
/** Time kept for what was begun: requests are repeated for 10 s. At most a third of the invocation. */
const RESERVE_MS = 20_000;
const RESERVE_SHARE = 1 / 3;

/**
 * The sweep: each minute it sends the messages that are due within ten minutes, each with what remains of its delay. Of
 * each shard it reads the `due#` rows from where the last run stopped, a page at a time, sends them by hundreds, and
 * writes down how far it came: so it neither changes nor deletes a row, and a run that is late, missed, doubled or cut
 * off does no harm. Messages that were cancelled are passed over.
 *
 * Then it sends what waited for a first subscriber that has come meanwhile. Where each delayed message has a schedule of its
 * own, that is all it does.
 *
 * What a destination refuses goes into the forward queue and is tried again for that destination alone, so that a broken
 * one holds up nothing behind it. Where that fails too, the next run starts there.
 *
 * @throws whatever kept it from going on in a shard, once it has been through the others
 */
export function createSweeper(): Sweeper {
  const books = new RouteBooks();
  return async (_event, context = {}) => {
    const environment = environmentOf(context);
    const configured = ledgerOf(environment);
    const book = books.of(configured);
    const remaining = context.getRemainingTimeInMillis?.() ?? INVOCATION_MS;
    const until = environment.now() + remaining - Math.min(RESERVE_MS, remaining * RESERVE_SHARE);
    await summarize(environment, 'sweep', {}, async (counts) => {
      const ledger = await withEveryShard(configured);
      await new Sweeping({ ledger, book, until, counts }).run();
    });
  };
}

interface SweepingOptions {
  readonly ledger: Ledger;
  readonly book: RouteBook;
  /** When to begin nothing new, in milliseconds since the epoch. */
  readonly until: number;
  readonly counts: Counts;
}

/** One run of the sweep. */
class Sweeping {
  readonly #options: SweepingOptions;
  readonly #errors: unknown[] = [];

  constructor(options: SweepingOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { ledger } = this.#options;
    if (!ledger.environment.variables[BINDINGS.scheduleGroup]) await this.#sweepShards();
    try {
      await backfill({ ...this.#options, isTimeUp: () => this.#isTimeUp() });
    } catch (error) {
      this.#fail({ backfill: true }, error);
    }
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  async #sweepShards(): Promise<void> {
    const { ledger, counts } = this.#options;
    const { shards } = ledger;
    const now = ledger.environment.now();
    const cursors = await this.#readCursors();
    // Where time runs out, the last shards are left to the next run: not always the same ones.
    const first = Math.floor(now / 60_000);
    for (let turn = 0; turn < shards; turn++) {
      const shard = (first + turn) % shards;
      if (this.#isTimeUp()) counts.add('unswept');
      else await this.#sweep(shard, cursors.get(sweepKey(shard).sk), now + LOOKAHEAD_MS);
    }
  }

  /** How far each shard was swept: the sort key of the last row that was sent. */
  async #readCursors(): Promise<Map<string, string>> {
    const { ledger } = this.#options;
    const keys = Array.from({ length: ledger.shards }, (_, shard) => sweepKey(shard));
    const rows = await getRows(ledger, keys);
    return new Map(rows.map(({ sk, upTo }) => [sk?.S ?? '', upTo?.S ?? '']));
  }

  async #sweep(shard: number, cursor: string | undefined, to: number): Promise<void> {
    // `~` comes after every character of a sort key.
    const after = cursor && `${cursor}~`;
    const upTo = `${new Date(to).toISOString()}~`;
    // A clock that is behind looks at less than was sent already.
    if (after && after > upTo) return;
    const range = { consistent: true, from: after, to: upTo };
    try {
      for await (const page of partition(this.#options.ledger, duePartition(shard), range)) {
        const rows = page.map(({ pk, sk }) => ({ pk: pk?.S ?? '', sk: sk?.S ?? '' }));
        const sent = await this.#sendInOrder(rows);
        const last = rows[sent - 1];
        if (last && !(await this.#moveCursor(shard, last.sk))) return;
        if (sent < rows.length) return;
      }
    } catch (error) {
      this.#fail({ shard }, error);
    }
  }

  /**
   * Sends due messages, several hundreds at once.
   *
   * @returns how many of them, from the first on, are done
   */
  async #sendInOrder(rows: readonly LedgerKey[]): Promise<number> {
    const starts = Array.from({ length: Math.ceil(rows.length / READ_BATCH) }, (_, index) => index * READ_BATCH);
    let undone = rows.length;
    await concurrently(CHUNKS_AT_ONCE, starts, async (start) => {
      if (undone < start) return;
      if (this.#isTimeUp()) {
        this.#options.counts.add('unfinished');
        undone = Math.min(undone, start);
        return;
      }
      try {
        await this.#send(rows.slice(start, start + READ_BATCH));
      } catch (error) {
        this.#fail(rows[start] as LedgerKey, error);
        undone = Math.min(undone, start);
      }
    });
    return undone;
  }

  async #send(rows: readonly LedgerKey[]): Promise<void> {
    const { ledger, book, counts } = this.#options;
    const { envelopes, later } = await this.#read(rows);
    counts.add('due', envelopes.length);
    await dispatch(ledger, book, envelopes, counts);
    await readLater(ledger.environment, later);
  }

  /** The messages of due rows, but for those that were cancelled. `later`: the ids of those that cannot be read yet. */
  async #read(rows: readonly LedgerKey[]): Promise<{ readonly envelopes: Envelope[]; readonly later: string[] }> {
    const { ledger, counts } = this.#options;
    const ids = rows.flatMap((row) => {
      const { id } = readDueKey(row);
      if (isMessageId(id)) return [id];
      reportCorrupt(ledger, row, 'its key names no message', counts);
      return [];
    });
    const found = await getRows(ledger, [...new Set(ids)].map(outboxKey));
    counts.add('gone', new Set(ids).size - found.length);
    const kept = found.filter(({ cancelled }) => !cancelled);
    counts.add('cancelled', found.length - kept.length);
    return readOutboxRows(ledger, kept, counts);
  }

  /** @returns false where another run has come further: then that one goes on */
  async #moveCursor(shard: number, upTo: string): Promise<boolean> {
    const { kind } = await updateRow(this.#options.ledger, sweepKey(shard), {
      UpdateExpression: 'SET upTo = :upTo',
      ConditionExpression: 'attribute_not_exists(upTo) OR upTo <= :upTo',
      ExpressionAttributeValues: { ':upTo': { S: upTo } },
    });
    return kind === 'written';
  }

  #fail(where: { readonly shard: number } | { readonly backfill: true } | LedgerKey, error: unknown): void {
    const { environment } = this.#options.ledger;
    this.#errors.push(error);
    quietly(() => environment.log.error('not swept', { ...where, error: errorCode(error) }));
  }

  #isTimeUp(): boolean {
    return this.#options.ledger.environment.now() >= this.#options.until;
  }
}
