import { hasCode } from '../contract/errors.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { getRows } from '../ledger/batch-get.ts';
import { readDeadRow } from '../ledger/dead.ts';
import { type Ledger, queryPage } from '../ledger/ledger.ts';
import { envelopeIn, outboxRowOf } from '../ledger/outbox.ts';
import type { Row } from '../ledger/partition.ts';
import { deadPartition } from '../ledger/rows/dead.ts';
import { inboxKey } from '../ledger/rows/inbox.ts';
import { outboxKey, outboxPartition } from '../ledger/rows/outbox.ts';
import type { RedriveRow, RedriveSelection } from '../ledger/rows/redrive.ts';
import { expected } from '../ledger/rows/route.ts';
import type { Envelope } from '../message/envelope.ts';
import { isMessageId, messageTime } from '../message/message-id.ts';
import type { SubscriberRoutes } from './subscriber-routes.ts';

/** A message that an operation may send. */
export interface Candidate {
  readonly id: string;
  /** Absent where the outbox does not hold it any more, or it never was a message. */
  readonly envelope?: Envelope;
  /** When it died, in milliseconds since the epoch, where that is known. */
  readonly died?: number;
}

/** What comes next, and where it goes on. */
export interface Found {
  readonly candidates: readonly Candidate[];
  readonly cursor: RedriveRow['cursor'];
  /** Whether nothing comes after it. */
  readonly last: boolean;
}

/** Rows of a page: several waves may come of it, and one is read again where they do not. */
const LEAST_ROWS = 25;
const MOST_ROWS = 500;

/** The next messages of an operation, at most `count`, from its cursor on. */
export async function candidatesOf(
  ledger: Ledger,
  row: RedriveRow,
  routes: SubscriberRoutes,
  count: number,
): Promise<Found> {
  const source = sourceOf(ledger, row, routes);
  const candidates: Candidate[] = [];
  let { cursor } = row;
  while (candidates.length < count && cursor.partition < source.partitions) {
    const room = count - candidates.length;
    const limit = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, 2 * room));
    const page = await queryPage(ledger, source.key(cursor.partition), {
      ...source.range,
      Limit: limit,
      ...(cursor.after !== undefined && {
        ExclusiveStartKey: { pk: { S: source.key(cursor.partition) }, sk: { S: cursor.after } },
      }),
    });
    const chosen: { readonly after: string; readonly candidate: Candidate }[] = await source.choose(page.Items ?? []);
    candidates.push(...chosen.slice(0, room).map(({ candidate }) => candidate));
    const left = chosen.length > room ? chosen[room - 1]?.after : page.LastEvaluatedKey?.sk?.S;
    const { partition } = cursor;
    cursor = left === undefined ? { partition: partition + 1 } : { partition, after: left };
  }
  return { candidates, cursor, last: cursor.partition >= source.partitions };
}

/** Messages as they were committed, in their order. */
export async function committed(ledger: Ledger, ids: readonly string[]): Promise<Candidate[]> {
  const keys = [...new Set(ids)].filter((id) => isMessageId(id)).map(outboxKey);
  const rows = await getRows(ledger, keys, { consistent: false });
  const envelopes = new Map(rows.map((row) => [row.sk?.S, messageIn(ledger, row)]));
  return ids.map((id) => {
    const envelope = envelopes.get(id);
    return { id, ...(envelope && { envelope }) };
  });
}

/** A row that holds no message is nobody's to send; reconciliation reports it. */
function messageIn(ledger: Ledger, row: Row): Envelope | undefined {
  try {
    return envelopeIn(ledger, outboxRowOf(row));
  } catch (error) {
    if (hasCode(error, 'unknown-row-format')) throw error;
    return undefined;
  }
}

/** Where the messages of an operation are listed. */
interface Source {
  readonly partitions: number;
  readonly key: (partition: number) => string;
  readonly range?: Parameters<typeof queryPage>[2];
  /** Those of the rows that it takes, in their order, each with its sort key. */
  choose(rows: readonly Row[]): Promise<{ readonly after: string; readonly candidate: Candidate }[]>;
}

function sourceOf(ledger: Ledger, row: RedriveRow, routes: SubscriberRoutes): Source {
  const { selection } = row;
  return selection.kind === 'dead' ? deadSource(ledger, row, selection) : rangeSource(ledger, row, selection, routes);
}

/** What is dead: the rows of each shard, up to the snapshot. */
function deadSource(
  ledger: Ledger,
  { subscriber, shards, upTo }: RedriveRow,
  { cause, ids }: Extract<RedriveSelection, { readonly kind: 'dead' }>,
): Source {
  const wanted = ids && new Set(ids);
  return {
    partitions: shards,
    key: (shard) => deadPartition(subscriber, shard),
    range: {
      KeyConditionExpression: 'pk = :pk AND sk <= :upTo',
      // No id begins so.
      ExpressionAttributeValues: { ':upTo': { S: `${new Date(upTo).toISOString()}#~` } },
    },
    choose: async (rows) => {
      const dead = rows.map((one) => ({ after: one.sk?.S ?? '', ...readDeadRow(one) }));
      const chosen = dead.filter((one) => (cause ? one.cause === cause : true) && (wanted ? wanted.has(one.id) : true));
      const candidates = await committed(
        ledger,
        chosen.map(({ id }) => id),
      );
      return chosen.map(({ after, died }, index) => ({
        after,
        candidate: { ...(candidates[index] as Candidate), died },
      }));
    },
  };
}

/** What was committed in a range, is expected, and has not ended or is dead: minute by minute, shard by shard. */
function rangeSource(
  ledger: Ledger,
  { subscriber, shards }: RedriveRow,
  { from, to }: Extract<RedriveSelection, { readonly kind: 'range' }>,
  routes: SubscriberRoutes,
): Source {
  const first = Math.floor(from / MINUTE_MS);
  const minutes = Math.ceil(to / MINUTE_MS) - first;
  return {
    partitions: minutes * shards,
    key: (partition) => {
      const minute = minuteOf((first + Math.floor(partition / shards)) * MINUTE_MS);
      return outboxPartition(minute, partition % shards);
    },
    choose: async (rows) => {
      const within = rows.flatMap((one) => {
        const id = one.sk?.S ?? '';
        const time = messageTime(id);
        if (time < from || time >= to || one.cancelled) return [];
        const envelope = messageIn(ledger, one);
        return envelope ? [{ after: id, candidate: { id, envelope } }] : [];
      });
      const routed = await Promise.all(
        within.map(async (one) => expected(one.after, await routes.of(one.candidate.envelope.type)).length > 0),
      );
      const owed = within.filter((_, index) => routed[index]);
      // Where the wave sends a message that ends meanwhile, the inbox decides.
      const ends = await getRows(
        ledger,
        owed.map(({ after }) => inboxKey(subscriber, after)),
      );
      const ended = new Set(ends.filter(({ state }) => state?.S !== 'dead').map(({ sk }) => sk?.S));
      return owed.filter(({ after }) => !ended.has(after));
    },
  };
}
