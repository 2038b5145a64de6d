import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import { MINUTE_MS } from '../contract/time.ts';
import type { Hop } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import { type InboxRow, inboxPartition } from '../ledger/rows/inbox.ts';
import { type JudgeOptions, judgedBuckets } from '../reconcile/judge.ts';
import type { Hour } from './calendar.ts';
import type { Counts } from './health.ts';

/** A message that is missing at a subscriber. */
export interface MissingMessage {
  readonly id: string;
  readonly type: string;
  readonly subscriber: string;
  readonly hop: Hop;
  readonly evidence: string;
  readonly overdueMs: number;
}

/** A message that a subscriber has given up, or that was given up since the subscriber was removed. */
export interface DeadMessage {
  readonly id: string;
  readonly type: string;
  readonly subscriber: string;
  readonly reason: string;
  /** Whether it was given up since the subscriber was removed. */
  readonly isAbandoned?: true;
}

/** An hour of a business line, opened. */
export interface BucketDetail {
  readonly businessLine: string;
  readonly hour: Hour;
  readonly counts: Counts;
  readonly minutes: ReadonlyMap<string, Counts>;
  readonly missing: readonly MissingMessage[];
  readonly dead: readonly DeadMessage[];
  /** Whether there are more messages than are listed. */
  readonly isCut: boolean;
}

/** Messages of each kind that are listed. */
export const LISTED = 200;

const MINUTES_AT_ONCE = 2;
const QUERIES_AT_ONCE = 8;

/** Names the missing messages of a business line in some minutes: what is named was looked at just now. */
export async function missingIn(
  ledger: Ledger,
  options: Pick<JudgeOptions, 'graph' | 'listEventSources'>,
  businessLine: string,
  minutes: readonly string[],
): Promise<MissingMessage[]> {
  const missing: MissingMessage[] = [];
  await concurrently(MINUTES_AT_ONCE, minutes, async (minute) => {
    if (missing.length > LISTED) return;
    const from = Date.parse(`${minute}Z`);
    const now = ledger.environment.now();
    for await (const { unended } of judgedBuckets(ledger, { ...options, from, to: from + MINUTE_MS - 1 })) {
      for (const { id, type, businessLine: line, route, deadlineAt, finding } of unended) {
        if (line !== businessLine || finding?.kind !== 'missing') continue;
        const { hop, evidence } = finding;
        missing.push({ id, type, subscriber: route.subscriber, hop, evidence, overdueMs: now - deadlineAt });
      }
    }
  });
  return missing.sort(byId);
}

/** Lists the messages of a business line in some minutes that its subscribers have given up. */
export async function deadIn(
  ledger: Ledger,
  graph: Graph,
  businessLine: string,
  minutes: readonly string[],
): Promise<DeadMessage[]> {
  const routes = graph.routes.filter((route) => route.businessLine === businessLine);
  const types = new Set(routes.map(({ type }) => type));
  const subscribers = [...new Set(routes.map(({ subscriber }) => subscriber))];
  const places = minutes.flatMap((minute) =>
    subscribers.flatMap((subscriber) =>
      Array.from({ length: ledger.shards }, (_, shard) => ({
        subscriber,
        pk: inboxPartition(subscriber, minute, shard),
      })),
    ),
  );
  const dead: DeadMessage[] = [];
  await concurrently(QUERIES_AT_ONCE, places, async ({ subscriber, pk }) => {
    if (dead.length > LISTED) return;
    for await (const page of partition(ledger, pk)) {
      for (const row of page) {
        const state = row.state?.S;
        if ((state !== 'dead' && state !== 'abandoned') || !types.has(row.type?.S ?? '')) continue;
        const { sk, type, reason = 'unknown' } = unmarshall({ ...row }) as InboxRow;
        dead.push({ id: sk, type, subscriber, reason, ...(state === 'abandoned' && { isAbandoned: true }) });
      }
    }
  });
  return dead.sort(byId);
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}
