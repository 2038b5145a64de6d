import { concurrently } from '../aws/concurrently.ts';
import { Inspection } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { minuteOf } from '../ledger/rows/layout.ts';
import type { Unended } from './bucket.ts';
import { type Case, openCase } from './cases.ts';
import { type Cursor, FIRST_SPAN, nextSpan, readCursor, writeCursor } from './cursor.ts';
import { type PassesOptions, runDuePass } from './due-pass.ts';
import { judgedBuckets } from './judge.ts';
import { writeRadar } from './radar-rows.ts';
import { addLines, byId, type Lines, type Uncaused } from './totals.ts';
import { lookAfter } from './waiting.ts';

const MINUTE = 60_000;
/** A commit takes up to a minute, and clocks differ by up to five: by then nothing is added to a minute any more. */
const SETTLED = 10 * MINUTE;
const DAY = 24 * 60 * MINUTE;
const CASES_AT_ONCE = 16;

/** A pass looks at each message once: when it is first due, when its minute is full, and a day later. */
interface Pass {
  readonly name: 'due' | 'settled' | 'day';
  /** Up to which id time it may look now, in milliseconds since the epoch. */
  readonly target: (now: number, graph: Graph) => number;
}

const PASSES: readonly Pass[] = [
  { name: 'due', target: (now, graph) => now - graph.shortestDeadline },
  { name: 'settled', target: (now, graph) => endOfMinute(now - graph.longestDeadline - SETTLED) },
  { name: 'day', target: (now) => endOfMinute(now - DAY) },
];

/** A cursor, and what was counted of the minute in which it stands. */
interface CountingCursor extends Cursor {
  readonly minute: string;
  readonly lines: Lines;
}

/** What the passes of one run came to. */
export interface PassesRun {
  /** Messages that the first pass saw. */
  readonly committed: number;
  /** Messages that ended although they were never committed. */
  readonly uncaused: number;
  /** Milliseconds by which the slowest pass is behind. */
  readonly behind: number;
}

/**
 * Takes every pass of reconciliation on to where it may look now: opens a case for each message that has not ended, and
 * writes the radar's counts. Each pass remembers where it stands, so that nothing is left out however long no run was
 * made; a run that is repeated, or crosses another one, writes the same.
 */
export async function runPasses(ledger: Ledger, options: PassesOptions): Promise<PassesRun> {
  const run = { committed: 0, uncaused: 0, behind: 0 };
  for (const pass of PASSES) {
    const target = pass.target(ledger.environment.now(), options.graph);
    const cursor = await readCursor<CountingCursor>(ledger, pass.name);
    const span = nextSpan(cursor, target, beginningOf(pass, target));
    if (!span) continue;
    const { committed, uncaused } = await runPass(ledger, options, { pass, cursor, ...span });
    if (pass.name === 'due') run.committed = committed;
    run.uncaused += uncaused;
    run.behind = Math.max(run.behind, target - span.to);
  }
  run.behind = Math.max(run.behind, await runDuePass(ledger, options));
  return run;
}

interface Span {
  readonly pass: Pass;
  readonly cursor: CountingCursor | undefined;
  readonly from: number;
  readonly to: number;
}

async function runPass(
  ledger: Ledger,
  { graph, listEventSources }: PassesOptions,
  { pass, cursor, from, to }: Span,
): Promise<{ readonly committed: number; readonly uncaused: number }> {
  const { environment } = ledger;
  const asOf = environment.now();
  const inspection = new Inspection(ledger, listEventSources);
  const unended: Unended[] = [];
  const uncaused: Uncaused[] = [];
  const minutes = new Map<string, Lines>();
  // The minute in which the last run stopped goes on from its counts.
  if (cursor?.minute === minuteOf(from)) minutes.set(cursor.minute, structuredClone(cursor.lines));
  for await (const bucket of judgedBuckets(ledger, { graph, listEventSources, from, to })) {
    const { minute, totals } = bucket;
    minutes.set(minute, addLines(minutes.get(minute) ?? {}, totals.lines));
    for (const one of totals.uncaused) uncaused.push(one);
    for (const one of bucket.unended) unended.push(one);
    if (bucket.waiting.length > 0) await lookAfter(ledger, inspection, bucket.waiting);
  }
  for (const { id, subscriber } of uncaused.sort(byId))
    environment.log.error('uncaused', { messageId: id, subscriber });
  await concurrently(CASES_AT_ONCE, unended, (one) => openCase(ledger, caseOf(one)));
  const rows = [...minutes].flatMap(([minute, lines]) =>
    Object.entries(lines).map(([businessLine, counts]) => ({ businessLine, minute, ...counts, asOf })),
  );
  await writeRadar(ledger, rows);
  const minute = minuteOf(to);
  await writeCursor(ledger, pass.name, cursor, { upTo: to, minute, lines: minutes.get(minute) ?? {} });
  const committed = rows.reduce((messages, row) => messages + row.committed, 0);
  const before = Object.values(cursor?.minute === minuteOf(from) ? (cursor?.lines ?? {}) : {});
  return {
    committed: committed - before.reduce((messages, counts) => messages + counts.committed, 0),
    uncaused: uncaused.length,
  };
}

function caseOf({ id, type, businessLine, deliverAt, route, deadlineAt, finding }: Unended): Case {
  const common = { id, type, businessLine, deliverAt, subscriber: route.subscriber, tries: 0, next: deadlineAt };
  if (finding?.kind === 'unjudged') return { ...common, state: 'unjudged', evidence: finding.evidence };
  if (finding?.kind !== 'missing') return { ...common, state: 'waiting' };
  return { ...common, state: 'missing', hop: finding.hop, evidence: finding.evidence };
}

function beginningOf({ name }: Pass, target: number): number {
  return name === 'due' ? target - FIRST_SPAN : target - MINUTE;
}

function endOfMinute(time: number): number {
  return time - (time % MINUTE) - 1;
}
