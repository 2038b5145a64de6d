import { type Environment, environmentOf } from '../aws/environment.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { sendMessages } from '../aws/send-batch.ts';
import { BINDINGS } from '../contract/bindings.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { wakeSleepingRedrives } from '../ledger/redrive.ts';
import { tellingShards } from '../ledger/shards.ts';
import { growShards } from './grow-shards.ts';
import { runHalfPasses } from './half-pass.ts';
import { heal } from './heal.ts';
import type { Healing } from './healing.ts';
import { comparisonMetrics, healingMetrics, isGivenUp, type Metric, rateOf, recentlyCounted } from './metrics.ts';
import { type PassesRun, runPasses } from './passes.ts';
import { decodeShare, encodeShare, groupsOf, type ShardGroup } from './shard-groups.ts';

export type { Metric } from './metrics.ts';

export interface ReconcilerOptions {
  /** Without it, nothing is known of event sources. */
  readonly listEventSources?: ListEventSources;
  /** Shards that one run compares: with more, runs share them by a queue, where there is one. @default 64 */
  readonly shardsARun?: number;
  /** Messages of a minute and shard beyond which the ledger grows, where it grows by itself. @default 2400 */
  readonly messagesAShard?: number;
  /** Puts metrics into the namespace `Waybill`, for a ledger. */
  readonly putMetrics: (ledger: string, metrics: readonly Metric[]) => Promise<void>;
}

/**
 * The Lambda handler of the reconciler. Its event is a `ReconcilerEvent`, or a batch of requests for groups of shards; one that
 * says nothing asks for both runs.
 */
export type Reconciler = (event: unknown, context?: object) => Promise<void>;

/** Which half of its work a run does: each has a schedule of its own, so that neither waits for the other. */
export interface ReconcilerEvent {
  readonly run: 'compare' | 'heal';
}

/** Messages that a run may send again, whatever the rate. */
const LEAST_BUDGET = 10;
/** The share of a minute's messages that a run may send again. */
const BUDGET_SHARE = 0.01;
/** What a run keeps of its time for what is under way, and for its metrics. */
const RESERVE_MS = 15_000;

/**
 * Reconciliation as it runs every minute: takes its passes on, has the producers asked of half messages that nobody asks
 * for (`compare`); follows up open cases, and sends again what is missing (`heal`). Both put the metrics that alarms watch:
 *
 * - `<business line>.missing-ratio`: of the messages of the last 10 minutes and the longest deadline, how many percent are
 *   missing
 * - `quarantined`: messages that were sent again as often as healing tries, in vain
 * - `heal-deferred`: messages that were not sent again for want of budget: an incident rather than single losses
 * - `oldest-unended`: seconds since the oldest message that has not ended was committed, or due if it was delayed
 * - `uncaused`: messages that ended although nobody committed them
 * - `order.blocked`, where there are ordered subscribers: dead messages behind which others wait; and `order.expiring`, those of
 *   them that expire within three days
 * - `reconciled`: 1 while cases are followed up and the first pass is less than 15 minutes behind, so that its absence tells
 *
 * A ledger of more than 64 shards is compared by several runs, where they have a queue: each minute one request for each
 * further 64 shards is put there, and a run takes each up, with cursors and counts of its own.
 *
 * A run begins nothing more once its invocation has 15 seconds left: the next one goes on where it stood.
 *
 * @throws whatever kept it from coming to an end: the next run goes on where it stood
 */
export function createReconciler({
  listEventSources,
  putMetrics,
  shardsARun,
  messagesAShard,
}: ReconcilerOptions): Reconciler {
  return async (event, context) => {
    const environment = environmentOf(context);
    const configured = ledgerOf(environment);
    const run = runOf(event);
    const fields = { ledger: configured.table, ...(run && { run }) };
    await summarize(environment, 'reconcile', fields, async (counts) => {
      const time = timeOf(environment, context);
      const ledger = await tellingShards(configured);
      const groups = groupsOf(ledger.shards, shardsARun);
      const options = { graph: await readGraph(ledger), listEventSources, groups, messagesAShard };
      const metrics: Metric[] = [];
      const shares = sharesIn(event, groups);
      if (shares) {
        const { uncaused } = await compareGroups(ledger, { ...options, until: time.end }, shares, counts);
        await putMetrics(ledger.table, comparisonMetrics(uncaused));
        return;
      }
      // Where one run does both, comparison leaves half of the time.
      const until = run === 'compare' ? time.end : (time.start + time.end) / 2;
      const compared = run === 'heal' ? undefined : await compare(ledger, { ...options, until }, counts);
      if (compared) metrics.push(...comparisonMetrics(compared.uncaused));
      // Others tell of the groups that were left to them.
      const behind = groups.length === 1 ? compared?.behind : undefined;
      const healing = { ...options, until: time.end, behind };
      if (run !== 'compare') metrics.push(...(await followUp(ledger, healing, counts)));
      await putMetrics(ledger.table, metrics);
    });
  };
}

interface RunOptions {
  readonly graph: Graph;
  readonly listEventSources: ListEventSources | undefined;
  readonly groups: readonly ShardGroup[];
  readonly messagesAShard: number | undefined;
  /** When to begin nothing more, in milliseconds since the epoch. */
  readonly until: number;
  /** Milliseconds by which the comparison of this run is behind, if it compared. */
  readonly behind?: number;
}

async function compare(ledger: Ledger, options: RunOptions, counts: Counts): Promise<PassesRun> {
  const passes = await compareGroups(ledger, options, await shareOut(ledger, options.groups, counts), counts);
  counts.add('behind', Math.max(0, (await runHalfPasses(ledger, counts, options)) - passes.behind));
  return passes;
}

/** Takes the passes of some groups of shards on, one group after the other. */
async function compareGroups(
  ledger: Ledger,
  options: RunOptions,
  groups: readonly ShardGroup[],
  counts: Counts,
): Promise<PassesRun> {
  let [committed, uncaused, behind] = [0, 0, 0];
  for (const group of groups) {
    const run = await runPasses(ledger, { ...options, group });
    committed += run.committed;
    uncaused += run.uncaused;
    behind = Math.max(behind, run.behind);
  }
  counts.add('committed', committed);
  counts.add('uncaused', uncaused);
  counts.add('behind', behind);
  return { committed, uncaused, behind };
}

/**
 * Has other runs compare every group of shards but the first.
 *
 * @returns the groups that are left: of a ledger without a queue for it all of them
 */
async function shareOut(ledger: Ledger, groups: readonly ShardGroup[], counts: Counts): Promise<readonly ShardGroup[]> {
  const { environment } = ledger;
  const url = environment.variables[BINDINGS.reconcileQueueUrl];
  const [first, ...others] = groups;
  if (!url || !first || others.length === 0) return groups;
  const failed = await sendMessages(
    environment,
    url,
    others.map((group) => ({ body: encodeShare(group) })),
  );
  counts.add('shared', others.length - failed.length);
  return [first, ...failed.flatMap(({ index }) => others[index] ?? [])];
}

/** The groups that a batch of requests asks for; undefined where the event is no such batch. What is no request is left out. */
function sharesIn(event: unknown, groups: readonly ShardGroup[]): ShardGroup[] | undefined {
  const { Records } = (event ?? {}) as { readonly Records?: readonly { readonly body?: string }[] };
  return Records?.flatMap(({ body = '' }) => decodeShare(body, groups) ?? []);
}

async function followUp(ledger: Ledger, options: RunOptions, counts: Counts): Promise<Metric[]> {
  const counted = await recentlyCounted(ledger, options.graph);
  const budget = Math.max(LEAST_BUDGET, Math.ceil(rateOf(options.graph, counted) * BUDGET_SHARE));
  const healing = await heal(ledger, { ...options, budget });
  counts.add('woken', await wakeSleepingRedrives(ledger));
  const growth = await growShards(ledger, counted, options.messagesAShard);
  counts.add('shards-grown', growth === 'grown' ? 1 : 0);
  report(counts, healing);
  for (const { subscriber, reason, cases } of healing.stopped) {
    ledger.environment.log.error('subscriber stands still', { subscriber, reason, cases });
  }
  for (const { subscriber, head, expires, cases } of healing.blocked) {
    const until = new Date(expires).toISOString();
    ledger.environment.log.error('key blocked', { subscriber, messageId: head, expires: until, cases });
  }
  return healingMetrics(ledger, options.graph, counted, healing, {
    behind: options.behind,
    groups: options.groups.length,
  });
}

function report(counts: Counts, healing: Healing): void {
  const { closed, abandoned, expired, resent, forwarded, unjudged, missing, deferred, stopped, blocked } = healing;
  counts.add('closed', closed.length);
  counts.add('abandoned', abandoned.length);
  counts.add('expired', expired.length);
  counts.add('resent', resent.length);
  counts.add('forwarded', forwarded.length);
  counts.add('unjudged', unjudged.length);
  counts.add('missing', missing.length);
  counts.add('quarantined', missing.filter(isGivenUp).length);
  counts.add('deferred', deferred);
  counts.add('stopped', stopped.length);
  counts.add('blocked', blocked.length);
}

function runOf(event: unknown): ReconcilerEvent['run'] | undefined {
  const run = (event as Partial<ReconcilerEvent> | null | undefined)?.run;
  return run === 'compare' || run === 'heal' ? run : undefined;
}

/** From when until when a run may begin something, in milliseconds since the epoch. */
function timeOf(environment: Environment, context: object = {}): { readonly start: number; readonly end: number } {
  const start = environment.now();
  const invocation = context as { getRemainingTimeInMillis?(): number };
  const remaining = invocation.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
  return { start, end: start + remaining - Math.min(RESERVE_MS, remaining / 3) };
}
