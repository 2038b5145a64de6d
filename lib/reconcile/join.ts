/** What is sorted by its message id. */
export interface Identified {
  readonly id: string;
}

/** The rows of one message id: at most one of each source. */
export interface Joined<Committed extends Identified, Ended extends Identified> {
  readonly id: string;
  readonly committed: Committed | undefined;
  /** By source, in the order in which they were given; `undefined` where a source does not have the id. */
  readonly ends: readonly (Ended | undefined)[];
}

/**
 * Merges sorted sources by message id, a page of each in memory at a time: what is in one of them and not in another is
 * told by id, never by count.
 *
 * @param committed pages of rows in ascending order of their ids
 * @param ended the same, for any number of sources
 */
export async function* joinById<Committed extends Identified, Ended extends Identified>(
  committed: AsyncIterable<readonly Committed[]>,
  ended: readonly AsyncIterable<readonly Ended[]>[],
): AsyncGenerator<Joined<Committed, Ended>> {
  const outbox = new Cursor(committed);
  const inboxes = ended.map((pages) => new Cursor(pages));
  const cursors: readonly Cursor<Identified>[] = [outbox, ...inboxes];
  for (;;) {
    for (const cursor of cursors) if (cursor.isAtPageEnd) await cursor.turnPage();
    const id = smallest(cursors);
    if (id === undefined) return;
    yield { id, committed: outbox.take(id), ends: inboxes.map((inbox) => inbox.take(id)) };
  }
}

function smallest(cursors: readonly Cursor<Identified>[]): string | undefined {
  let id: string | undefined;
  for (const { head } of cursors) if (head && (id === undefined || head.id < id)) id = head.id;
  return id;
}

/** A place in sorted rows that come in pages. */
class Cursor<Row extends Identified> {
  readonly #pages: AsyncIterator<readonly Row[]>;
  #page: readonly Row[] = [];
  #place = 0;
  #ended = false;

  constructor(pages: AsyncIterable<readonly Row[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  get isAtPageEnd(): boolean {
    return this.#place >= this.#page.length && !this.#ended;
  }

  /** The row at this place; `undefined` at the end of a page and at the end of all. */
  get head(): Row | undefined {
    return this.#page[this.#place];
  }

  async turnPage(): Promise<void> {
    do {
      const { value, done } = await this.#pages.next();
      this.#ended = done === true;
      this.#page = done ? [] : value;
      this.#place = 0;
    } while (this.isAtPageEnd);
  }

  /** The row of this id, if it is the next, and moves on behind it. */
  take(id: string): Row | undefined {
    const { head } = this;
    if (head?.id !== id) return undefined;
    this.#place++;
    return head;
  }
}
