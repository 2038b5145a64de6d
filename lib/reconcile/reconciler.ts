import { environmentOf } from '../aws/environment.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { METRICS } from '../contract/metrics.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { type Case, GIVEN_UP } from './cases.ts';
import { runHalfPasses } from './half-pass.ts';
import { type Healing, heal } from './heal.ts';
import { type PassesRun, runPasses } from './passes.ts';
import { readRadar } from './radar-rows.ts';

/** A number that an alarm watches. Its name holds whatever tells it apart: an alarm takes one metric. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  readonly unit: 'Percent' | 'Count' | 'Seconds';
}

export interface ReconcilerOptions {
  /** Without it, nothing is known of event sources. */
  readonly listEventSources?: ListEventSources;
  /** Puts metrics into the namespace `Waybill`, for a ledger. */
  readonly putMetrics: (ledger: string, metrics: readonly Metric[]) => Promise<void>;
}

/** The Lambda handler of the reconciler: its event says nothing. */
export type Reconciler = (event: unknown, context?: object) => Promise<void>;

/** Messages that a run may send again, whatever the rate. */
const LEAST_BUDGET = 10;
/** The share of a run's messages that it may send again. */
const BUDGET_SHARE = 0.01;
/** How far back the ratio of missing messages looks. */
const RATIO_MILLISECONDS = 10 * 60_000;

/**
 * Reconciliation as it runs every minute: takes its passes on, has the producers asked of half messages that nobody asks
 * for, follows up open cases, sends again what is missing, and puts the metrics that alarms watch:
 *
 * - `<business line>.missing-ratio`: messages that are missing, in percent of those of the last 10 minutes
 * - `quarantined`: messages that were sent again as often as healing tries, in vain
 * - `heal-deferred`: messages that were not sent again for want of budget: an incident rather than single losses
 * - `oldest-unended`: seconds since the oldest message that has not ended was committed, or due if it was delayed
 * - `uncaused`: messages that ended although nobody committed them
 * - `reconciled`: 1, so that its absence tells
 *
 * @throws whatever kept it from coming to an end: the next run goes on where it stood
 */
export function createReconciler({ listEventSources, putMetrics }: ReconcilerOptions): Reconciler {
  return async (_event, context) => {
    const environment = environmentOf(context);
    const ledger = ledgerOf(environment);
    await summarize(environment, 'reconcile', { ledger: ledger.table }, async (counts) => {
      const graph = await readGraph(ledger);
      const options = { graph, listEventSources };
      const messages = await runPasses(ledger, options);
      const behind = Math.max(messages.behind, await runHalfPasses(ledger, counts));
      const passes = { ...messages, behind };
      const budget = Math.max(LEAST_BUDGET, Math.ceil(passes.committed * BUDGET_SHARE));
      const healing = await heal(ledger, { ...options, budget });
      report(counts, passes, healing);
      await putMetrics(ledger.table, await metricsOf(ledger, graph, passes, healing));
    });
  };
}

function report(
  counts: Counts,
  passes: PassesRun,
  { closed, abandoned, resent, forwarded, unjudged, missing, deferred }: Healing,
): void {
  counts.add('committed', passes.committed);
  counts.add('uncaused', passes.uncaused);
  counts.add('behind', passes.behind);
  counts.add('closed', closed.length);
  counts.add('abandoned', abandoned.length);
  counts.add('resent', resent.length);
  counts.add('forwarded', forwarded.length);
  counts.add('unjudged', unjudged.length);
  counts.add('missing', missing.length);
  counts.add('quarantined', missing.filter(isGivenUp).length);
  counts.add('deferred', deferred);
}

async function metricsOf(
  ledger: Ledger,
  { businessLines }: Graph,
  { uncaused }: PassesRun,
  { missing, oldest, deferred }: Healing,
): Promise<Metric[]> {
  const now = ledger.environment.now();
  const radar = await readRadar(ledger, businessLines, { from: now - RATIO_MILLISECONDS, to: now });
  const ratios = businessLines.map((line): Metric => {
    const committed = (radar.get(line) ?? []).reduce((messages, bucket) => messages + bucket.committed, 0);
    const ids = new Set(missing.filter(({ businessLine }) => businessLine === line).map(({ id }) => id));
    const value = ids.size === 0 ? 0 : (100 * ids.size) / Math.max(committed, ids.size);
    return { name: METRICS.missingRatio(line), value, unit: 'Percent' };
  });
  return [
    ...ratios,
    { name: METRICS.quarantined, value: missing.filter(isGivenUp).length, unit: 'Count' },
    { name: METRICS.healDeferred, value: deferred, unit: 'Count' },
    { name: METRICS.oldestUnended, value: oldest === undefined ? 0 : (now - oldest) / 1000, unit: 'Seconds' },
    { name: METRICS.uncaused, value: uncaused, unit: 'Count' },
    { name: METRICS.reconciled, value: 1, unit: 'Count' },
  ];
}

function isGivenUp({ state }: Case): boolean {
  return state === GIVEN_UP;
}
