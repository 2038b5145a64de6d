import { type Environment, environmentOf } from '../aws/environment.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { wakeSleepingRedrives } from '../ledger/redrive.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { runHalfPasses } from './half-pass.ts';
import { heal } from './heal.ts';
import type { Healing } from './healing.ts';
import { comparisonMetrics, healingMetrics, isGivenUp, type Metric, rateOf, recentlyCounted } from './metrics.ts';
import { type PassesRun, runPasses } from './passes.ts';

export type { Metric } from './metrics.ts';

export interface ReconcilerOptions {
  /** Without it, nothing is known of event sources. */
  readonly listEventSources?: ListEventSources;
  /** Puts metrics into the namespace `Waybill`, for a ledger. */
  readonly putMetrics: (ledger: string, metrics: readonly Metric[]) => Promise<void>;
}

/** The Lambda handler of the reconciler. Its event is a `ReconcilerEvent`; one that says nothing asks for both runs. */
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
 * - `reconciled`: 1 while cases are followed up and the first pass is less than 15 minutes behind, so that its absence tells
 *
 * A run begins nothing more once its invocation has 15 seconds left: the next one goes on where it stood.
 *
 * @throws whatever kept it from coming to an end: the next run goes on where it stood
 */
export function createReconciler({ listEventSources, putMetrics }: ReconcilerOptions): Reconciler {
  return async (event, context) => {
    const environment = environmentOf(context);
    const configured = ledgerOf(environment);
    const run = runOf(event);
    const fields = { ledger: configured.table, ...(run && { run }) };
    await summarize(environment, 'reconcile', fields, async (counts) => {
      const time = timeOf(environment, context);
      const ledger = await withEveryShard(configured);
      const options = { graph: await readGraph(ledger), listEventSources };
      const metrics: Metric[] = [];
      // Where one run does both, comparison leaves half of the time.
      const until = run === 'compare' ? time.end : (time.start + time.end) / 2;
      const compared = run === 'heal' ? undefined : await compare(ledger, { ...options, until }, counts);
      if (compared) metrics.push(...comparisonMetrics(compared.uncaused));
      const healing = { ...options, until: time.end, behind: compared?.behind };
      if (run !== 'compare') metrics.push(...(await followUp(ledger, healing, counts)));
      await putMetrics(ledger.table, metrics);
    });
  };
}

interface RunOptions {
  readonly graph: Graph;
  readonly listEventSources: ListEventSources | undefined;
  /** When to begin nothing more, in milliseconds since the epoch. */
  readonly until: number;
  /** Milliseconds by which the comparison of this run is behind, if it compared. */
  readonly behind?: number;
}

async function compare(ledger: Ledger, options: RunOptions, counts: Counts): Promise<PassesRun> {
  const passes = await runPasses(ledger, options);
  const { committed, uncaused, behind } = passes;
  const behindHalves = await runHalfPasses(ledger, counts, options);
  counts.add('committed', committed);
  counts.add('uncaused', uncaused);
  counts.add('behind', Math.max(behind, behindHalves));
  return passes;
}

async function followUp(ledger: Ledger, options: RunOptions, counts: Counts): Promise<Metric[]> {
  const counted = await recentlyCounted(ledger, options.graph);
  const budget = Math.max(LEAST_BUDGET, Math.ceil(rateOf(options.graph, counted) * BUDGET_SHARE));
  const healing = await heal(ledger, { ...options, budget });
  counts.add('woken', await wakeSleepingRedrives(ledger));
  report(counts, healing);
  for (const { subscriber, reason, cases } of healing.stopped) {
    ledger.environment.log.error('subscriber stands still', { subscriber, reason, cases });
  }
  return healingMetrics(ledger, options.graph, counted, healing, options.behind);
}

function report(counts: Counts, healing: Healing): void {
  const { closed, abandoned, expired, resent, forwarded, unjudged, missing, deferred, stopped } = healing;
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
