import { concurrently } from '../aws/concurrently.ts';
import { METRICS } from '../contract/metrics.ts';
import { DAY_MS, MINUTE_MS } from '../contract/time.ts';
import { momentOf } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Case, GIVEN_UP } from './cases.ts';
import { readCursor } from './cursor.ts';
import type { BlockedKey, Healing } from './healing.ts';
import { type RadarBucket, readRadar } from './radar-rows.ts';
import { ofGroup } from './shard-groups.ts';

/** A number that an alarm watches. Its name holds whatever tells it apart: an alarm takes one metric. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  readonly unit: 'Percent' | 'Count' | 'Seconds';
}

const CURSORS_AT_ONCE = 8;
/** How far back the ratio of missing messages and the rate of all look, behind the longest deadline. */
const RATIO_MINUTES = 10;
/** Where the first pass is behind by more, nobody tells what is missing. */
const KEEPS_UP_MS = 15 * MINUTE_MS;

/** What was committed lately, by business line, as far as the passes have counted it. */
export async function recentlyCounted(
  ledger: Ledger,
  graph: Graph,
): Promise<ReadonlyMap<string, readonly RadarBucket[]>> {
  const now = ledger.environment.now();
  return readRadar(ledger, graph.businessLines, { from: now - windowOf(graph), to: now });
}

function windowOf({ longestDeadline }: Graph): number {
  return RATIO_MINUTES * MINUTE_MS + longestDeadline;
}

/** Messages a minute. */
export function rateOf(graph: Graph, counted: ReadonlyMap<string, readonly RadarBucket[]>): number {
  const messages = [...counted.values()].reduce((sum, buckets) => sum + committedIn(buckets), 0);
  return (messages * MINUTE_MS) / windowOf(graph);
}

/** What the passes of a run came to. */
export function comparisonMetrics(uncaused: number): Metric[] {
  return [{ name: METRICS.uncaused, value: uncaused, unit: 'Count' }];
}

/**
 * What following up the cases came to, and whether comparison keeps up.
 *
 * @param behind milliseconds by which comparison is behind. @default the first pass of each group of shards is asked
 */
export async function healingMetrics(
  ledger: Ledger,
  graph: Graph,
  counted: ReadonlyMap<string, readonly RadarBucket[]>,
  { missing, oldest, deferred, blocked }: Healing,
  { behind, groups = 1 }: { readonly behind?: number; readonly groups?: number } = {},
): Promise<Metric[]> {
  const now = ledger.environment.now();
  const ratios = graph.businessLines.map((line): Metric => {
    const committed = committedIn(counted.get(line) ?? []);
    // What has been missing for longer is told by its case, and hides nothing new.
    const lately = missing.filter((one) => one.businessLine === line && momentOf(one) >= now - windowOf(graph));
    const ids = new Set(lately.map(({ id }) => id));
    const value = ids.size === 0 ? 0 : (100 * ids.size) / Math.max(committed, ids.size);
    return { name: METRICS.missingRatio(line), value, unit: 'Percent' };
  });
  const late = behind ?? (await behindOf(ledger, graph, groups));
  return [
    ...ratios,
    { name: METRICS.quarantined, value: missing.filter(isGivenUp).length, unit: 'Count' },
    { name: METRICS.healDeferred, value: deferred, unit: 'Count' },
    ...(graph.routes.some(({ ordered }) => ordered) ? orderMetrics(blocked, now) : []),
    { name: METRICS.oldestUnended, value: oldest === undefined ? 0 : (now - oldest) / 1000, unit: 'Seconds' },
    ...(late === undefined
      ? []
      : [{ name: METRICS.reconciled, value: late < KEEPS_UP_MS ? 1 : 0, unit: 'Count' } as const]),
  ];
}

/** What dies soon enough for those behind it to go on without it, though nobody has decided so. */
const EXPIRES_SOON_MS = 3 * DAY_MS;

function orderMetrics(blocked: readonly BlockedKey[], now: number): Metric[] {
  const expiring = blocked.filter(({ expires }) => expires < now + EXPIRES_SOON_MS);
  return [
    { name: METRICS.orderBlocked, value: blocked.length, unit: 'Count' },
    { name: METRICS.orderExpiring, value: expiring.length, unit: 'Count' },
  ];
}

/**
 * How far the slowest group of shards is behind. Of a ledger of which some was not compared yet nothing is said: where it
 * stays so, the absence of the metric tells.
 */
async function behindOf(ledger: Ledger, { shortestDeadline }: Graph, groups: number): Promise<number | undefined> {
  const passes = Array.from({ length: groups }, (_, index) => ofGroup('due', index));
  const cursors = await concurrently(CURSORS_AT_ONCE, passes, (pass) => readCursor(ledger, pass));
  const upTo = cursors.map((cursor) => cursor?.upTo ?? Number.NaN);
  const behind = ledger.environment.now() - shortestDeadline - Math.min(...upTo);
  return Number.isNaN(behind) ? undefined : behind;
}

export function isGivenUp({ state }: Case): boolean {
  return state === GIVEN_UP;
}

function committedIn(buckets: readonly RadarBucket[]): number {
  return buckets.reduce((messages, bucket) => messages + bucket.committed, 0);
}
