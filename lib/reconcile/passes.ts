import { DAY_MS, MINUTE_MS } from '../contract/time.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { runAdoptions } from './adoptions.ts';
import { FIRST_SPAN_MS } from './cursor.ts';
import { type PassesOptions, runDuePass } from './due-pass.ts';
import type { History } from './history.ts';
import { type PassRun, runPass } from './pass.ts';
import { isOver } from './time-left.ts';

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
  let history: History | undefined;
  for (const { name, target: targetOf } of PASSES) {
    const target = targetOf(ledger.environment.now(), options.graph);
    const first = target - (name === 'due' ? FIRST_SPAN_MS : MINUTE_MS);
    const isFirst = name === 'due';
    const run = await runPass(ledger, options, { name, target, first, ...(isFirst && { remembers: true }) });
    if (isFirst) ({ committed, history } = run);
    uncaused += run.uncaused;
    behind = Math.max(behind, run.behind);
  }
  if (history) uncaused += await runHistory(ledger, options, history);
  await runAdoptions(ledger, options);
  behind = Math.max(behind, await runDuePass(ledger, options));
  return { committed, uncaused, behind };
}

/** A run takes so many spans of 15 minutes of what was there before the first one: a week within three hours. */
const SPANS_A_RUN = 4;

/** Looks, once, at what was committed before the first comparison. What is new is not kept waiting for it. */
async function runHistory(ledger: Ledger, options: PassesOptions, { from, to }: History): Promise<number> {
  let uncaused = 0;
  for (let span = 0; span < SPANS_A_RUN && !isOver(ledger, options); span++) {
    const run = await runPass(ledger, options, { name: 'history', target: to, first: from - 1 });
    uncaused += run.uncaused;
    if (run.behind === 0) break;
  }
  return uncaused;
}

function endOfMinute(time: number): number {
  return time - (time % MINUTE_MS) - 1;
}
