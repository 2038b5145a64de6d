import { getRows, READ_BATCH } from '../ledger/batch-get.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { partition, type Row } from '../ledger/partition.ts';
import { duePartition, readDueKey } from '../ledger/rows/due.ts';
import { inboxKey } from '../ledger/rows/inbox.ts';
import { outboxKey } from '../ledger/rows/outbox.ts';
import type { Joined } from './join.ts';
import { COMMITTED, type Committed, type Ended, readCommitted, readEnded } from './ledger-sets.ts';

interface DueOptions {
  readonly graph: Graph;
  /** The first moment, in milliseconds since the epoch. */
  readonly from: number;
  /** The last one. */
  readonly to: number;
}

/** A message that was committed, and how it ended, by the graph's subscribers. */
export type Due = Joined<Committed, Ended> & { readonly committed: Committed };

/** What is read too early is looked at again before it is named: half the read units are enough. */
const consistent = false;

/**
 * The messages of a shard that have a `due#` row in a range of moments, in their order, with how they ended where they are
 * expected: a hundred at a time, of which what was cleaned up is left out.
 */
export async function* dueMessages(
  ledger: Ledger,
  { graph, from, to }: DueOptions,
  shard: number,
): AsyncGenerator<readonly Due[]> {
  const range = { from: instant(from), to: `${instant(to)}~` };
  for await (const page of partition(ledger, duePartition(shard), range)) {
    for (let start = 0; start < page.length; start += READ_BATCH) {
      yield await messagesOf(ledger, graph, page.slice(start, start + READ_BATCH));
    }
  }
}

async function messagesOf(ledger: Ledger, graph: Graph, due: readonly Row[]): Promise<Due[]> {
  const ids = new Set(due.map(({ sk }) => readDueKey({ sk: sk?.S ?? '' }).id));
  const rows = await getRows(ledger, [...ids].map(outboxKey), { consistent, projection: COMMITTED });
  const messages = await readCommitted(ledger, rows);
  const keys = messages.flatMap(({ id, type }) =>
    graph.expectedOf(id, type).map(({ subscriber }) => inboxKey(subscriber, id)),
  );
  const ends = await getRows(ledger, keys, { consistent });
  const byKey = new Map(ends.map((row) => [`${row.pk?.S} ${row.sk?.S}`, row]));
  const endOf = (subscriber: string, id: string) => {
    const { pk, sk } = inboxKey(subscriber, id);
    const row = byKey.get(`${pk} ${sk}`);
    return row && readEnded(row);
  };
  return messages.map((committed) => {
    const { id } = committed;
    return { id, committed, ends: graph.subscribers.map((subscriber) => endOf(subscriber, id)) };
  });
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
