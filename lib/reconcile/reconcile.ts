import type { Environment } from '../aws/environment.ts';
import { MINUTE_MS } from '../contract/time.ts';
import type { InspectionOptions } from '../inspect/inspection.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { withEveryShard } from '../ledger/shards.ts';
import type { Judged } from './bucket.ts';
import { judgedBuckets, judgedDelayed } from './judge.ts';
import { type Reconciliation, Totals } from './totals.ts';

/** Which messages `reconcile` looks at. */
export interface ReconcileOptions extends InspectionOptions {
  /** The moment of the oldest message id to look at, in milliseconds since the epoch. */
  readonly from: number;
  /** The moment of the newest one. A commit takes up to a minute, and clocks differ. @default in 6 minutes */
  readonly to?: number;
  /**
   * Whether to look at the delayed messages, too, whose moment lies in the range although they were committed before it.
   * @default false
   */
  readonly due?: boolean;
  /** @default read from the ledger */
  readonly graph?: Graph;
}

const LOOKAHEAD_MS = 6 * MINUTE_MS;

/**
 * Compares the outbox with every inbox, id by id, over the messages of a range of time: exact, in memory that does not
 * grow with it, and the same each time it runs. Nothing is named missing or uncaused before consistent reads say so.
 */
export async function reconcile(environment: Environment, options: ReconcileOptions): Promise<Reconciliation> {
  const totals = new Totals();
  for await (const judged of judge(environment, options)) totals.add(judged.totals);
  return totals.reconciliation();
}

/** `reconcile`, bucket by bucket: what came of each, as soon as it is done. */
export async function* judge(environment: Environment, options: ReconcileOptions): AsyncGenerator<Judged> {
  const { from, to = environment.now() + LOOKAHEAD_MS, listEventSources } = options;
  const ledger = await withEveryShard(ledgerOf(environment, options));
  const graph = options.graph ?? (await readGraph(ledger));
  yield* judgedBuckets(ledger, { graph, from, to, listEventSources });
  if (options.due) yield* judgedDelayed(ledger, { graph, from, to: environment.now(), listEventSources });
}
