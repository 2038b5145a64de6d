import { inParallel } from '../aws/in-parallel.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { Inspection } from '../inspect/inspection.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { messageIdRange, messageTime } from '../message/message-id.ts';
import { Bucket, type Judged } from './bucket.ts';
import { dueMessages } from './due-messages.ts';
import { joinById } from './join.ts';
import { committedIn, endedIn } from './ledger-sets.ts';

export interface JudgeOptions {
  /** The moment of the oldest message id to look at, in milliseconds since the epoch. */
  readonly from: number;
  /** The moment of the newest one. */
  readonly to: number;
  readonly graph: Graph;
  /** @default nothing is known of event sources */
  readonly listEventSources?: ListEventSources;
  /** @default all of the ledger's */
  readonly shards?: readonly number[];
  /** By shard: the message id behind which to go on, or `DONE`. @default at the beginning of each */
  readonly behind?: Readonly<Record<string, string>>;
}

/** A shard of which nothing is left to look at. */
export const DONE = 'done';

/** The messages of a minute and shard, judged, or some of them. */
export interface JudgedBucket extends Judged {
  /** `2026-11-23T08:14`, UTC: the minute in the messages' ids. */
  readonly minute: string;
  readonly shard: number;
  /** The last of them, where there may be more to come. */
  readonly upTo?: string;
}

const BUCKETS_AT_ONCE = 8;
/** Rows that are in memory at once, at most: a page of the outbox and of each inbox, for each bucket. */
const ROWS_HELD = 100_000;
const SMALLEST_PAGE = 50;

/**
 * Compares the outbox with every inbox, id by id, bucket by bucket: exact, and in memory for a few buckets, however long
 * the range of time is, and however many messages of one have not ended: it comes in parts then. Buckets come as they are
 * done, each once; what was made of one needs no other. Nothing is named missing or uncaused before consistent reads say so.
 */
export function judgedBuckets(ledger: Ledger, options: JudgeOptions): AsyncGenerator<JudgedBucket> {
  const { from, to, graph, listEventSources, behind, shards = everyShard(ledger) } = options;
  const inspection = new Inspection(ledger, listEventSources);
  const range = messageIdRange(from, to);
  const pageSize = Math.max(SMALLEST_PAGE, Math.floor(ROWS_HELD / (BUCKETS_AT_ONCE * (1 + graph.subscribers.length))));
  const buckets = bucketsOf(shards, from, to).filter(({ shard }) => behind?.[shard] !== DONE);
  return inParallel(BUCKETS_AT_ONCE, buckets, async function* ({ minute, shard }) {
    const last = behind?.[shard];
    const rest = { ...range, ...(last !== undefined && { from: `${last}~` }), pageSize };
    const committed = committedIn(ledger, minute, shard, rest);
    const ends = graph.subscribers.map((subscriber) => endedIn(ledger, subscriber, minute, shard, rest));
    let bucket = new Bucket(ledger, graph, inspection);
    for await (const message of joinById(committed, ends)) {
      bucket.take(message);
      if (!bucket.isFull) continue;
      yield { minute, shard, ...(await bucket.judged()), upTo: message.id };
      bucket = new Bucket(ledger, graph, inspection);
    }
    yield { minute, shard, ...(await bucket.judged()) };
  });
}

/**
 * Judges the delayed messages whose moment lies in the range although they were committed before it, some of a shard at a
 * time.
 */
export function judgedDelayed(ledger: Ledger, options: JudgeOptions): AsyncGenerator<Judged> {
  const { from, to, graph, listEventSources } = options;
  const inspection = new Inspection(ledger, listEventSources);
  const { shards = everyShard(ledger) } = options;
  return inParallel(BUCKETS_AT_ONCE, shards, async function* (shard) {
    for await (const messages of dueMessages(ledger, { graph, from, to }, shard)) {
      const bucket = new Bucket(ledger, graph, inspection);
      for (const message of messages) if (messageTime(message.id) < from) bucket.take(message);
      yield bucket.judged();
    }
  });
}

function bucketsOf(
  shards: readonly number[],
  from: number,
  to: number,
): { readonly minute: string; readonly shard: number }[] {
  const buckets: { minute: string; shard: number }[] = [];
  for (let time = from - (from % MINUTE_MS); time <= to; time += MINUTE_MS) {
    for (const shard of shards) buckets.push({ minute: minuteOf(time), shard });
  }
  return buckets;
}

function everyShard({ shards }: Ledger): number[] {
  return Array.from({ length: shards }, (_, shard) => shard);
}
