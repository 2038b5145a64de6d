import { concurrently } from '../aws/concurrently.ts';
import type { Graph } from '../ledger/graph.ts';
import { type Ledger, queryPage } from '../ledger/ledger.ts';
import { inboxPartition } from '../ledger/rows/inbox.ts';

/** Seconds from commit to end, or from its moment of a delayed message, over a sample of an hour's messages. */
export interface Latency {
  /** The minutes that have any, in seconds since the epoch. */
  readonly times: readonly number[];
  /** By minute. */
  readonly median: readonly number[];
  readonly slow: readonly number[];
  /** Messages that were looked at. */
  readonly sampled: number;
}

/** Which share of messages was faster than what is called slow. */
const SLOW = 0.95;
/** Messages that are looked at in a minute and at a subscriber. */
const SAMPLE = 50;
const QUERIES_AT_ONCE = 8;

/**
 * Samples how long messages of a business line took in some minutes. The sample of a minute is of one shard, another one
 * each minute, and of more only where that one has none: shards go by the business key's hash, so any is as good.
 */
export async function sampleLatency(
  ledger: Ledger,
  graph: Graph,
  businessLine: string,
  minutes: readonly string[],
): Promise<Latency> {
  const routes = graph.routes.filter((route) => route.businessLine === businessLine);
  const types = new Set(routes.map(({ type }) => type));
  const subscribers = [...new Set(routes.map(({ subscriber }) => subscriber))];
  const places = minutes.flatMap((minute) => subscribers.map((subscriber) => ({ minute, subscriber })));
  const samples = await concurrently(QUERIES_AT_ONCE, places, async ({ minute, subscriber }) => {
    const first = Math.floor(Date.parse(`${minute}Z`) / 60_000) % ledger.shards;
    for (let tried = 0; tried < ledger.shards; tried++) {
      const pk = inboxPartition(subscriber, minute, (first + tried) % ledger.shards);
      const found = await sampleOf(ledger, pk, types);
      if (found.length > 0) return { minute, seconds: found };
    }
    return { minute, seconds: [] };
  });
  const byMinute = new Map(minutes.map((minute) => [minute, [] as number[]]));
  for (const { minute, seconds } of samples) byMinute.get(minute)?.push(...seconds);
  const rows = [...byMinute]
    .filter(([, seconds]) => seconds.length > 0)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    times: rows.map(([minute]) => Date.parse(`${minute}Z`) / 1000),
    median: rows.map(([, seconds]) => quantile(seconds, 0.5)),
    slow: rows.map(([, seconds]) => quantile(seconds, SLOW)),
    sampled: rows.reduce((sum, [, seconds]) => sum + seconds.length, 0),
  };
}

async function sampleOf(ledger: Ledger, pk: string, types: ReadonlySet<string>): Promise<number[]> {
  const { Items = [] } = await queryPage(ledger, pk, { Limit: SAMPLE });
  // What was cancelled took as long as its producer pleased.
  const ended = Items.filter(
    ({ type, state }) => types.has(type?.S ?? '') && state?.S !== 'cancelled' && state?.S !== 'abandoned',
  );
  return ended.flatMap(({ hops }) => {
    const { committed, due, ended: end } = hops?.M ?? {};
    return committed?.N && end?.N ? [(Number(end.N) - Number(due?.N ?? committed.N)) / 1000] : [];
  });
}

/** The smallest value that a share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
