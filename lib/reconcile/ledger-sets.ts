import { momentOfChecked } from '../contract/timestamp.ts';
import { getRows } from '../ledger/batch-get.ts';
import { receivable } from '../ledger/high-water.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type PartitionOptions, partition, type Row } from '../ledger/partition.ts';
import { projectionOf } from '../ledger/projection.ts';
import { type EndState, inboxPartition } from '../ledger/rows/inbox.ts';
import { latestExpiry } from '../ledger/rows/layout.ts';
import { outboxKey, outboxPartition } from '../ledger/rows/outbox.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Dead } from './totals.ts';

/** A message that was committed, as far as reconciliation needs it. */
export interface Committed {
  readonly id: string;
  readonly type: string;
  readonly businessLine: string;
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly deliverAt?: number;
  /** When nothing handles it any more, in milliseconds since the epoch. */
  readonly expires?: number;
}

/** A message of which the whole row was read. */
export interface Keyed extends Committed {
  /** Its business key. */
  readonly key: string;
}

/** How a message ended at a subscriber, as far as reconciliation needs it. */
export interface Ended {
  readonly id: string;
  readonly state: EndState;
  /** In milliseconds since the epoch. */
  readonly endedAt: number;
  /** Of a delayed message that was relayed: when it could be received first, in milliseconds since the epoch. */
  readonly due?: number;
  /** When DynamoDB may delete the row, in milliseconds since the epoch. */
  readonly expires: number;
  /** Of a `dead` one: the error's code, what it said, and where its handler threw it. */
  readonly death?: Omit<Dead, 'id' | 'subscriber'>;
}

/** What is read of an outbox row: the payload is most of it, and says nothing here. */
export const COMMITTED = projectionOf('sk', 'type', 'line', 'deliverat', 'ttl');

/** What is read of an inbox row. */
const ENDED = projectionOf('sk', 'state', 'ttl', 'hops.due', 'hops.relayed', 'hops.ended', 'reason', 'detail', 'at');

/** The messages committed in a minute and shard, in the order of their ids. */
export async function* committedIn(
  ledger: Ledger,
  minute: string,
  shard: number,
  range?: PartitionOptions,
): AsyncGenerator<readonly Committed[]> {
  for await (const page of partition(ledger, outboxPartition(minute, shard), { ...range, projection: COMMITTED })) {
    yield await readCommitted(ledger, page);
  }
}

/** `committedIn`, by whole rows, which say the business key as well. */
export async function* keyedIn(
  ledger: Ledger,
  minute: string,
  shard: number,
  range?: PartitionOptions,
): AsyncGenerator<readonly Keyed[]> {
  for await (const page of partition(ledger, outboxPartition(minute, shard), range)) yield page.map(keyedOf);
}

/** The messages of a minute and shard that ended at a subscriber, in the order of their ids. */
export async function* endedIn(
  ledger: Ledger,
  subscriber: string,
  minute: string,
  shard: number,
  range?: PartitionOptions,
): AsyncGenerator<readonly Ended[]> {
  for await (const page of partition(ledger, inboxPartition(subscriber, minute, shard), {
    ...range,
    projection: ENDED,
  })) {
    yield page.map(readEnded);
  }
}

/** The messages of outbox rows, in their order. Rows that do not say their type by themselves are read whole. */
export async function readCommitted(ledger: Ledger, rows: readonly Row[]): Promise<Committed[]> {
  const unsaid = rows.flatMap(({ sk, type, envelope }) => (type || envelope || !sk?.S ? [] : [outboxKey(sk.S)]));
  if (unsaid.length === 0) return rows.map(committedOf);
  const whole = new Map((await getRows(ledger, unsaid)).map((row) => [row.sk?.S, row]));
  return rows.map((row) => committedOf(whole.get(row.sk?.S) ?? row));
}

function committedOf(row: Row): Committed {
  const { sk, type, line, deliverat, ttl } = row;
  if (!type?.S) return readWhole(row);
  return {
    id: sk?.S ?? '',
    type: type.S,
    businessLine: line?.S ?? '',
    ...(deliverat?.S && { deliverAt: momentOfChecked(deliverat.S) }),
    expires: latestExpiry({ ttl: Number(ttl?.N) }),
  };
}

/** A packed row says its key by itself, whether or not its format is known. */
function keyedOf(row: Row): Keyed {
  return row.key?.S === undefined ? readWhole(row) : { ...committedOf(row), key: row.key.S };
}

/** A row that is no message is reported under no type: nobody expects it, and the relay has logged it. */
function readWhole({ sk, envelope }: Row): Keyed {
  const id = sk?.S ?? '';
  try {
    const { type, businessline, partitionkey, deliverat, expires } = JSON.parse(envelope?.S ?? '') as Envelope;
    return {
      id,
      type,
      businessLine: businessline,
      key: partitionkey,
      ...(deliverat && { deliverAt: momentOfChecked(deliverat) }),
      expires: momentOfChecked(expires),
    };
  } catch {
    return { id, type: '', businessLine: '', key: '' };
  }
}

/** An inbox row. */
export function readEnded({ sk, state, hops, ttl, ...why }: Row): Ended {
  const { relayed, due, ended } = hops?.M ?? {};
  return {
    id: sk?.S ?? '',
    state: state?.S as EndState,
    endedAt: Number(ended?.N),
    ...(relayed?.N &&
      due?.N && { due: receivable({ relayed: Number(relayed.N), due: Number(due.N), ended: Number(ended?.N) }) }),
    expires: Number(ttl?.N) * 1000,
    ...(state?.S === 'dead' && { death: deathIn(why) }),
  };
}

function deathIn({ reason, detail, at }: Row): Omit<Dead, 'id' | 'subscriber'> {
  return { ...(reason?.S && { reason: reason.S }), ...(detail?.S && { detail: detail.S }), ...(at?.S && { at: at.S }) };
}
