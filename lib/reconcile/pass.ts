import { concurrently } from '../aws/concurrently.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { Inspection } from '../inspect/inspection.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { Unended } from './bucket.ts';
import { type Case, openCase } from './cases.ts';
import { type Cursor, nextSpan, readCursor, writeCursor } from './cursor.ts';
import type { PassesOptions } from './due-pass.ts';
import { type History, historyBefore } from './history.ts';
import { DONE, type JudgedBucket, judgedBuckets } from './judge.ts';
import { writeRadar } from './radar-rows.ts';
import { groupIn, ofGroup } from './shard-groups.ts';
import { isOver } from './time-left.ts';
import { addLines, type Lines } from './totals.ts';
import { lookAfter } from './waiting.ts';

/** A pass over the ids of a ledger, up to where it may look now. */
export interface PassSpan {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly target: number;
  /** Where it begins if it has no cursor. */
  readonly first: number;
  /** The one subscriber of which it opens cases. @default all */
  readonly adopting?: string;
  /** Whether it remembers, where it has no cursor, what was committed before `first`: another pass is to look at that. @default false */
  readonly remembers?: true;
}

/** What a pass came to in a run. */
export interface PassRun {
  /** Messages that it saw. */
  readonly committed: number;
  /** Messages that ended although they were never committed. */
  readonly uncaused: number;
  /** Milliseconds by which it is behind. */
  readonly behind: number;
  /** What was there before its very first run, where it remembers. */
  readonly history?: History | undefined;
}

/** A cursor, what was counted of the minute in which it stands, and what is done of the step behind it. */
interface CountingCursor extends Cursor {
  readonly minute: string;
  readonly lines: Lines;
  readonly ahead?: Ahead;
  readonly history?: History;
}

/** What a run has done of a step that it did not end: it is in the counts, and its cases are open. */
interface Ahead {
  /** The end of the step, included. */
  readonly to: number;
  /** By shard: the last message id, or `DONE`. */
  readonly shards: Readonly<Record<string, string>>;
}

/** A part of a minute. */
interface Step {
  readonly minute: string;
  readonly from: number;
  readonly to: number;
  readonly lines: Lines;
  readonly shards: Readonly<Record<string, string>>;
}

const CASES_AT_ONCE = 16;
/** What a run that dies does again, at most: so many cases, or so many milliseconds of work. */
const CASES_A_CHECKPOINT = 32;
const CHECKPOINT_MS = 5_000;

/**
 * Takes a pass on, minute by minute: opens a case for each message that has not ended, and writes the radar's counts. Where
 * it stands it writes down at the end of each part of a minute and after some tens of cases, so that a run that dies has
 * come further than the one before, however much there is to do. A run that is overtaken by another leaves the pass to it.
 */
export async function runPass(ledger: Ledger, options: PassesOptions, span: PassSpan): Promise<PassRun> {
  const walk = new Walk(ledger, options, { ...span, name: ofGroup(span.name, groupIn(ledger, options).index) });
  const upTo = await walk.go(span);
  const { committed, uncaused, history } = walk;
  return { committed, uncaused, history, behind: Math.max(0, span.target - upTo) };
}

class Walk {
  committed = 0;
  uncaused = 0;
  history: History | undefined;
  readonly #ledger: Ledger;
  readonly #options: PassesOptions;
  readonly #pass: string;
  readonly #adopting: string | undefined;
  #cursor: CountingCursor | undefined;

  constructor(ledger: Ledger, options: PassesOptions, { name, adopting }: PassSpan) {
    this.#ledger = ledger;
    this.#options = options;
    this.#pass = name;
    this.#adopting = adopting;
  }

  /** @returns up to where the pass has come */
  async go({ target, first, remembers }: PassSpan): Promise<number> {
    this.#cursor = await readCursor<CountingCursor>(this.#ledger, this.#pass);
    if (this.#cursor) this.history = this.#cursor.history;
    else if (remembers) this.history = await historyBefore(this.#ledger, first);
    const span = nextSpan(this.#cursor, target, first);
    let goesOn = span !== undefined;
    while (span && goesOn && (this.#cursor?.upTo ?? first) < span.to && !isOver(this.#ledger, this.#options)) {
      goesOn = await this.#take(stepOf(this.#cursor, span.to, first));
    }
    return this.#cursor?.upTo ?? first;
  }

  /** @returns false where time is up, or another run has moved the pass on */
  async #take({ minute, from, to, ...before }: Step): Promise<boolean> {
    const { now } = this.#ledger.environment;
    const asOf = now();
    const lines = structuredClone(before.lines);
    const shards = { ...before.shards };
    let [cases, saved] = [0, asOf];
    const { graph, listEventSources } = this.#options;
    const group = groupIn(this.#ledger, this.#options);
    const inspection = new Inspection(this.#ledger, listEventSources);
    const buckets = judgedBuckets(this.#ledger, {
      graph,
      listEventSources,
      from,
      to,
      shards: group.shards,
      behind: before.shards,
    });
    for await (const bucket of buckets) {
      await this.#open(bucket, inspection);
      addLines(lines, bucket.totals.lines);
      shards[bucket.shard] = bucket.upTo ?? DONE;
      cases += bucket.unended.length + bucket.waiting.length;
      const over = isOver(this.#ledger, this.#options);
      if (!over && cases < CASES_A_CHECKPOINT && now() - saved < CHECKPOINT_MS) continue;
      const isSaved = await this.#save({ upTo: from - 1, minute, lines, ahead: { to, shards } });
      if (over || !isSaved) return false;
      [cases, saved] = [0, now()];
    }
    const rows = Object.entries(lines).map(([businessLine, counts]) => ({ businessLine, minute, ...counts, asOf }));
    await writeRadar(this.#ledger, rows, group.index);
    return this.#save({ upTo: to, minute, lines });
  }

  async #open({ totals, unended, waiting }: JudgedBucket, inspection: Inspection): Promise<void> {
    const { log } = this.#ledger.environment;
    for (const { id, subscriber } of totals.uncaused) log.error('uncaused', { messageId: id, subscriber });
    this.uncaused += totals.uncaused.length;
    this.committed += Object.values(totals.lines).reduce((messages, { committed }) => messages + committed, 0);
    const isOpened = ({ route }: { readonly route: Route }) =>
      this.#adopting === undefined || route.subscriber === this.#adopting;
    await concurrently(CASES_AT_ONCE, unended.filter(isOpened), (one) => openCase(this.#ledger, caseOf(one)));
    const kept = waiting.filter(isOpened);
    if (kept.length > 0) await lookAfter(this.#ledger, inspection, kept);
  }

  async #save(cursor: CountingCursor): Promise<boolean> {
    const { history } = this;
    const written = await writeCursor(this.#ledger, this.#pass, this.#cursor, {
      ...cursor,
      ...(history && { history }),
    });
    if (written) this.#cursor = written;
    return written !== undefined;
  }
}

/** The next part of a minute: what an earlier run has begun it ends, and the minute goes on from its counts. */
function stepOf(cursor: CountingCursor | undefined, last: number, first: number): Step {
  const from = (cursor?.upTo ?? first) + 1;
  const minute = minuteOf(from);
  const lines = cursor?.minute === minute ? cursor.lines : {};
  const ahead = cursor?.ahead && cursor.ahead.to >= from ? cursor.ahead : undefined;
  const to = ahead?.to ?? Math.min(last, from - (from % MINUTE_MS) + MINUTE_MS - 1);
  return { minute, from, to, lines, shards: ahead?.shards ?? {} };
}

function caseOf({ id, type, businessLine, deliverAt, expires, route, deadlineAt, finding }: Unended): Case {
  const common = {
    id,
    type,
    businessLine,
    deliverAt,
    expires,
    subscriber: route.subscriber,
    tries: 0,
    next: deadlineAt,
  };
  if (finding?.kind === 'unjudged') return { ...common, state: 'unjudged', evidence: finding.evidence };
  if (finding?.kind !== 'missing') return { ...common, state: 'waiting' };
  return { ...common, state: 'missing', hop: finding.hop, evidence: finding.evidence };
}
