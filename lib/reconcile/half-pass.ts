import { concurrently } from '../aws/concurrently.ts';
import type { Counts } from '../aws/invocation.ts';
import { DAY_MS, MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { getRows } from '../ledger/batch-get.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import { halfKey, halfPartition } from '../ledger/rows/half.ts';
import { messageTime } from '../message/message-id.ts';
import { type Cursor, nextSpan, readCursor, writeCursor } from './cursor.ts';
import { HalfAsker } from './half-asker.ts';
import { isOver, type TimeLeft } from './time-left.ts';

/** Nearly always there is nothing, and a cursor costs a write: minutes are looked at by fives. */
const STEP_MS = 5 * MINUTE_MS;
const SHARDS_AT_ONCE = 8;
/** Half messages that one run has asked for, to the minute: what else reconciliation does must not wait for more. */
const ASKED_A_RUN = 5_000;
/** Half messages that a cursor remembers since their queues did not take the request. */
const REMEMBERED = 200;

/** A pass looks at each half message once. */
interface HalfPass {
  /** Of its cursor. */
  readonly name: string;
  /** How long ago a half message was prepared when the pass looks at it, in milliseconds, at least. */
  readonly age: number;
  /** Whether it reads consistently, for twice the read units. */
  readonly consistent: boolean;
  /** Whether none comes after it: what it cannot have asked for is unanswered. */
  readonly isLast: boolean;
}

const PASSES: readonly HalfPass[] = [
  // A prepare takes up to a minute, clocks differ by up to five, and its producer should have been asked nine times.
  // What it overlooked would wait for a day.
  { name: 'half', age: 10 * MINUTE_MS, consistent: true, isLast: false },
  // What was prepared behind the first, and requests that were lost after it.
  { name: 'half-day', age: DAY_MS, consistent: false, isLast: true },
];

interface HalfCursor extends Cursor {
  /** Half messages that could not be asked for: they are tried again with the next minutes. */
  readonly again: readonly string[];
}

/**
 * Takes both passes over half messages on to where they may look now: has the producers asked of those that are undecided
 * and of which nothing says that anybody asks, since the ledger's stream has lost them, or a queue the request. Each pass
 * has a half message asked for once; where a queue does not take the request, again for a day, five minutes apart. What then
 * cannot be asked for at all is unanswered, so that an alarm tells. It counts `asked`, `unasked` and `halves-quarantined`,
 * and logs which.
 *
 * Minutes are listed whether or not half messages are ever prepared: a ledger does not know of the check-backs in other
 * stacks, and an empty partition costs a read unit, or half of one.
 *
 * @returns milliseconds by which the slower one is behind
 */
export async function runHalfPasses(ledger: Ledger, counts: Counts, options: TimeLeft = {}): Promise<number> {
  let behind = 0;
  for (const pass of PASSES) behind = Math.max(behind, await runHalfPass(ledger, pass, counts, options));
  return behind;
}

async function runHalfPass(
  ledger: Ledger,
  { name, age, consistent, isLast }: HalfPass,
  counts: Counts,
  options: TimeLeft,
): Promise<number> {
  const { environment, shards } = ledger;
  const target = endOfStep(environment.now() - age);
  const cursor = await readCursor<HalfCursor>(ledger, name);
  const span = nextSpan(cursor, target, target - STEP_MS);
  if (!span) return 0;
  const asker = new HalfAsker(ledger, counts);
  await asker.ask(await getRows(ledger, (cursor?.again ?? []).map(halfKey)));
  const everyShard = Array.from({ length: shards }, (_, shard) => shard);
  let upTo = span.from - 1;
  while (upTo < span.to && asker.asked < ASKED_A_RUN && !isOver(ledger, options)) {
    const minute = minuteOf(upTo + 1);
    await concurrently(SHARDS_AT_ONCE, everyShard, async (shard) => {
      const rows = partition(ledger, halfPartition(minute, shard), { consistent });
      for await (const page of rows) await asker.ask(page);
    });
    upTo += MINUTE_MS;
  }
  const oldest = environment.now() - age - DAY_MS;
  const again = asker.unsent.filter((half) => messageTime(half) > oldest).slice(0, REMEMBERED);
  if (isLast) await asker.giveUp(asker.unsent.filter((half) => !again.includes(half)));
  await writeCursor(ledger, name, cursor, { upTo, again });
  return target - upTo;
}

function endOfStep(time: number): number {
  return time - (time % STEP_MS) - 1;
}
