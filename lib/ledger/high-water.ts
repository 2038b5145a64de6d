import { getRow, type Ledger, updateRow } from './ledger.ts';
import { endedKey } from './rows/cursor.ts';
import type { Hops } from './rows/inbox.ts';

/**
 * When a message could be received first, in milliseconds since the epoch: when it was relayed, or, where it was sent with a
 * delay, in its moment, unless it ended before that. 0 where it did not come by the relay, which says nothing of what was
 * relayed before.
 */
export function receivable({ relayed, due = 0, ended }: Pick<Hops, 'relayed' | 'due' | 'ended'>): number {
  return relayed === undefined ? 0 : Math.max(relayed, Math.min(due, ended));
}

/**
 * How far each subscriber has come: when the newest of what it has ended could be received first. It is noted by whoever
 * reads inbox rows anyway; consumers write nothing for it.
 */
export class HighWater {
  readonly #marks = new Map<string, number>();

  note(subscriber: string, mark: number): void {
    if (mark > this.of(subscriber)) this.#marks.set(subscriber, mark);
  }

  of(subscriber: string): number {
    return this.#marks.get(subscriber) ?? 0;
  }

  /** Writes the marks over lower ones. */
  async write(ledger: Ledger): Promise<void> {
    for (const [subscriber, mark] of this.#marks) {
      await updateRow(ledger, endedKey(subscriber), {
        UpdateExpression: 'SET upTo = :mark',
        ConditionExpression: 'attribute_not_exists(upTo) OR upTo < :mark',
        ExpressionAttributeValues: { ':mark': { N: String(mark) } },
      });
    }
  }
}

/** The mark of a subscriber that was written last; 0 where there is none. */
export async function readHighWater(ledger: Ledger, subscriber: string): Promise<number> {
  const row = await getRow<{ readonly upTo?: number }>(ledger, endedKey(subscriber));
  return row?.upTo ?? 0;
}
