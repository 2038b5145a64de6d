import { duePartition, inboxKey, outboxKey, readDueKey } from '../../contract/index.ts';
import { getRows, READ_BATCH } from '../batch-get.ts';
import { concurrently } from '../concurrently.ts';
import type { Environment } from '../environment.ts';
import { FIRST_SPAN, nextSpan, readCursor, writeCursor } from './cursor.ts';
import type { Graph } from './graph.ts';
import { dueOf, type InspectionOptions } from './inspection.ts';
import { readCommitted } from './ledger-sets.ts';
import { openCase } from './open-case.ts';
import { partition, type Row } from './partition.ts';
import { Recount } from './recount.ts';

type DuePassOptions = InspectionOptions & { readonly graph: Graph };

/** The name of the pass's cursor. */
const PASS = 'moments';
const SHARDS_AT_ONCE = 4;
const CASES_AT_ONCE = 16;

/**
 * Takes reconciliation on over the delayed messages that have a `due#` row, in the order of their moments: opens a case for
 * each that has not ended where it is expected. What was delayed for months is looked at when it is due, however long ago
 * the other passes came past its id, and the radar's counts are brought up to date. Reads a hundred rows at a time, and
 * remembers where it stands.
 *
 * @returns milliseconds by which it is behind
 */
export async function runDuePass(environment: Environment, options: DuePassOptions): Promise<number> {
  const { ledger, shards, graph } = options;
  const target = environment.now() - graph.shortestDeadline;
  const cursor = await readCursor(environment, ledger, PASS);
  const span = nextSpan(cursor, target, target - FIRST_SPAN);
  if (!span) return 0;
  const recount = new Recount();
  const range = { from: instant(span.from), to: `${instant(span.to)}~` };
  const partitions = Array.from({ length: shards }, (_, shard) => duePartition(shard));
  await concurrently(SHARDS_AT_ONCE, partitions, async (pk) => {
    for await (const page of partition(environment, ledger, pk, range)) {
      for (let start = 0; start < page.length; start += READ_BATCH) {
        await openCases(environment, options, recount, page.slice(start, start + READ_BATCH));
      }
    }
  });
  await recount.run(environment, options);
  await writeCursor(environment, ledger, PASS, cursor, { upTo: span.to });
  return target - span.to;
}

async function openCases(
  environment: Environment,
  { ledger, graph }: DuePassOptions,
  recount: Recount,
  due: readonly Row[],
): Promise<void> {
  // What is read too early is looked at again before it is named: half the read units are enough.
  const consistent = false;
  const ids = new Set(due.map(({ sk }) => readDueKey({ sk: sk?.S ?? '' }).id));
  for (const id of ids) recount.note(id, environment.now());
  const rows = await getRows(environment, ledger, [...ids].map(outboxKey), { consistent });
  const copies = rows.flatMap((row) => {
    const message = readCommitted(row);
    return graph.expectedOf(message.id, message.type).map((route) => ({ message, route }));
  });
  const endOf = ({ message, route }: (typeof copies)[number]) => inboxKey(route.subscriber, message.id);
  const ends = await getRows(environment, ledger, copies.map(endOf), { consistent, keysOnly: true });
  const ended = new Set(ends.map(({ pk, sk }) => `${pk?.S} ${sk?.S}`));
  const open = copies.filter((copy) => !ended.has(`${endOf(copy).pk} ${endOf(copy).sk}`));
  await concurrently(CASES_AT_ONCE, open, ({ message, route }) => {
    const { subscriber } = route;
    const next = dueOf(message, route);
    return openCase(environment, ledger, { ...message, subscriber, state: 'waiting', tries: 0, next });
  });
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
