import { DAY_MS } from '../contract/time.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassesOptions } from './due-pass.ts';
import { runPass } from './pass.ts';
import { isOver } from './time-left.ts';

/** What was committed before has gone from the outbox, unless it was delayed: then it is looked at in its moment. */
const REMEMBERED_MS = 17 * DAY_MS;

/**
 * Comes past what subscribers had not ended when they were removed, once for each that adopts it: what is abandoned there gets
 * a case of the successor's, by which it is sent. What is abandoned later, gets it then. Afterwards it costs a read a run.
 */
export async function runAdoptions(ledger: Ledger, options: PassesOptions): Promise<void> {
  const oldest = ledger.environment.now() - REMEMBERED_MS;
  for (const [adopting, { since, until }] of termsAdopted(options.graph)) {
    const span = { name: `adopt#${adopting}`, target: until - 1, first: Math.max(since, oldest) - 1, adopting };
    for (let behind = Number.POSITIVE_INFINITY; behind > 0 && !isOver(ledger, options); ) {
      const run = await runPass(ledger, options, span);
      if (run.behind >= behind) break;
      behind = run.behind;
    }
  }
}

/** From when until when subscribers expected messages that others adopt, by the successor. */
function termsAdopted({ routes }: Graph): Map<string, { readonly since: number; readonly until: number }> {
  const adopted = new Map<string, { readonly since: number; readonly until: number }>();
  for (const { type, subscriber, adopts } of routes) {
    const former = adopts && routes.find((route) => route.type === type && route.subscriber === adopts.subscriber);
    if (!former) continue;
    for (const { since, until } of [former, ...(former.past ?? [])]) {
      if (until === undefined) continue;
      const known = adopted.get(subscriber) ?? { since, until };
      adopted.set(subscriber, { since: Math.min(since, known.since), until: Math.max(until, known.until) });
    }
  }
  return adopted;
}
