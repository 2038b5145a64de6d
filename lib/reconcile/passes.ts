import { DAY_MS, MINUTE_MS } from '../contract/time.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { runAdoptions } from './adoptions.ts';
import { FIRST_SPAN_MS } from './cursor.ts';
import { type PassesOptions, runDuePass } from './due-pass.ts';
import { type PassRun, runPass } from './pass.ts';

/** A commit takes up to a minute, and clocks differ by up to five: by then nothing is added to a minute any more. */
const SETTLED_MS = 10 * MINUTE_MS;

/** A pass looks at each message once: when it is first due, when its minute is full, and a day later. */
interface Pass {
  readonly name: 'due' | 'settled' | 'day';
  /** Up to which id time it may look now, in milliseconds since the epoch. */
  readonly target: (now: number, graph: Graph) => number;
}

const PASSES: readonly Pass[] = [
  { name: 'due', target: (now, graph) => now - graph.shortestDeadline },
  { name: 'settled', target: (now, graph) => endOfMinute(now - graph.longestDeadline - SETTLED_MS) },
  { name: 'day', target: (now) => endOfMinute(now - DAY_MS) },
];

/** What the passes of one run came to: `committed` of the first pass, the others' sum, and how far the slowest is behind. */
export type PassesRun = PassRun;

/**
 * Takes every pass of reconciliation on to where it may look now: opens a case for each message that has not ended, and
 * writes the radar's counts. Each pass remembers where it stands, so that nothing is left out however long no run was
 * made; a run that is repeated, dies or crosses another one, writes the same.
 */
export async function runPasses(ledger: Ledger, options: PassesOptions): Promise<PassesRun> {
  let [committed, uncaused, behind] = [0, 0, 0];
  for (const { name, target: targetOf } of PASSES) {
    const target = targetOf(ledger.environment.now(), options.graph);
    const first = target - (name === 'due' ? FIRST_SPAN_MS : MINUTE_MS);
    const run = await runPass(ledger, options, { name, target, first });
    if (name === 'due') committed = run.committed;
    uncaused += run.uncaused;
    behind = Math.max(behind, run.behind);
  }
  await runAdoptions(ledger, options);
  behind = Math.max(behind, await runDuePass(ledger, options));
  return { committed, uncaused, behind };
}

function endOfMinute(time: number): number {
  return time - (time % MINUTE_MS) - 1;
}
