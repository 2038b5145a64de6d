import { concurrently } from '../aws/concurrently.ts';
import { deadlineOf } from '../inspect/inspection.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import type { Graph } from '../ledger/graph.ts';
import { HighWater } from '../ledger/high-water.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isOwed } from '../ledger/rows/route.ts';
import { openCase } from './cases.ts';
import { FIRST_SPAN_MS, nextSpan, readCursor, writeCursor } from './cursor.ts';
import { dueMessages } from './due-messages.ts';
import { Recount } from './recount.ts';
import { groupIn, ofGroup, type ShardGroup } from './shard-groups.ts';
import { isOver, type TimeLeft } from './time-left.ts';

export interface PassesOptions extends TimeLeft {
  readonly graph: Graph;
  /** The shards to compare. @default all of the ledger's */
  readonly group?: ShardGroup;
  /** @default nothing is known of event sources */
  readonly listEventSources?: ListEventSources;
}

/** The name of the pass's cursor. */
const PASS = 'moments';
/** What it looks at before it writes down where it stands. */
const STEP_MS = 60_000;
const SHARDS_AT_ONCE = 4;
const CASES_AT_ONCE = 16;

/**
 * Takes reconciliation on over the delayed messages that have a `due#` row, in the order of their moments: opens a case for
 * each that has not ended where it is expected. What was delayed for months is looked at when it is due, however long ago
 * the other passes came past its id, and the radar's counts are brought up to date. Reads a hundred rows at a time, and
 * writes down where it stands after each minute.
 *
 * @returns milliseconds by which it is behind
 */
export async function runDuePass(ledger: Ledger, options: PassesOptions): Promise<number> {
  const target = ledger.environment.now() - options.graph.shortestDeadline;
  const pass = ofGroup(PASS, groupIn(ledger, options).index);
  let cursor = await readCursor(ledger, pass);
  const span = nextSpan(cursor, target, target - FIRST_SPAN_MS);
  if (!span) return 0;
  let { from } = span;
  while (from <= span.to && !isOver(ledger, options)) {
    const to = Math.min(span.to, from + STEP_MS - 1);
    await openDue(ledger, options, { from, to });
    cursor = await writeCursor(ledger, pass, cursor, { upTo: to });
    if (!cursor) break;
    from = to + 1;
  }
  return target - from + 1;
}

async function openDue(
  ledger: Ledger,
  options: PassesOptions,
  span: { readonly from: number; readonly to: number },
): Promise<void> {
  const { environment } = ledger;
  const { graph } = options;
  const group = groupIn(ledger, options);
  const recount = new Recount();
  const ended = new HighWater();
  await concurrently(SHARDS_AT_ONCE, group.shards, async (shard) => {
    for await (const messages of dueMessages(ledger, { graph, ...span }, shard)) {
      for (const { id } of messages) recount.note(id, environment.now());
      const open = messages.flatMap(({ committed, ends }) =>
        graph.expectedOf(committed.id, committed.type).flatMap((route) => {
          const { subscriber } = route;
          const end = ends[graph.subscribers.indexOf(subscriber)];
          if (end?.due !== undefined) ended.note(subscriber, end.due);
          if (end || !isOwed(route, (former) => ends[graph.subscribers.indexOf(former)]?.state)) return [];
          return { ...committed, subscriber, state: 'waiting' as const, tries: 0, next: deadlineOf(committed, route) };
        }),
      );
      await concurrently(CASES_AT_ONCE, open, (one) => openCase(ledger, one));
    }
  });
  await recount.run(ledger, options);
  await ended.write(ledger);
}
