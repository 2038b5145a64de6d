import type { Hop } from '../inspect/inspection.ts';

/** What became of a business line's messages. A message counts where it is furthest from being handled. */
export interface LineCounts {
  committed: number;
  /** Ended as `handled` or `duplicate` at every subscriber that expects it, or `cancelled` there. */
  handled: number;
  /** Not ended somewhere, and either within its deadline or late behind others. */
  inFlight: number;
  /** Failed somewhere, and resting until its next attempt; or waiting for the moment of its delivery. */
  scheduled: number;
  /** Those of `scheduled` that wait until a service outside can tell what became of an effect. Absent where there is none. */
  waitsForProvider?: number;
  /** Dead-lettered somewhere, and not missing anywhere. */
  dead: number;
  /** Not ended somewhere when its subscriber was removed from there. Absent where there is none. */
  abandoned?: number;
  /** Overdue somewhere, where it cannot be told what became of it. Absent where there is none. */
  unjudged?: number;
}

/** A message that should have ended at a subscriber and is not on its way. */
export interface Missing {
  readonly id: string;
  readonly subscriber: string;
  /** Where it stopped. */
  readonly hop: Hop;
  /** What says so. */
  readonly evidence: string;
  /** Milliseconds since its deadline. */
  readonly overdueMs: number;
}

/** A message that should have ended at a subscriber, of which nobody can say now whether it is on its way. */
export interface Unjudged {
  readonly id: string;
  readonly subscriber: string;
  /** `cannot be judged: ` and what could not be read. */
  readonly evidence: string;
  /** Milliseconds since its deadline. */
  readonly overdueMs: number;
}

/** A message that ended dead at a subscriber, and why. */
export interface Dead {
  readonly id: string;
  readonly subscriber: string;
  /** The error's code. */
  readonly reason?: string;
  /** What the error said; of attempts that are exhausted, the class and the message of the last error. */
  readonly detail?: string;
  /** The first frame of the handler's error, e.g. `at pay (file:///var/task/index.mjs:3:14)`. */
  readonly at?: string;
}

/** A message that ended at a subscriber, although it was never committed. */
export interface Uncaused {
  readonly id: string;
  readonly subscriber: string;
}

/** A message that had not ended at a subscriber when that was removed. */
export interface Abandoned {
  readonly id: string;
  readonly subscriber: string;
}

/** Counts of messages, with those that are missing somewhere. */
export type Counts = LineCounts & { missing: number };

/** Counts by business line. */
export type Lines = Record<string, Counts>;

/** What became of the copies of committed messages: one for each message and subscriber that expects it. */
export interface CopyCounts {
  handled: number;
  duplicate: number;
  dead: number;
  /** Cancelled before they were handled. */
  cancelled: number;
  /** Given up, since their subscriber was removed. Absent where there are none. */
  abandoned?: number;
  /** Past its deadline, and on its way behind others. */
  late: number;
}

/** The difference between what was committed and what has ended, by message id. */
export interface Reconciliation {
  readonly lines: Readonly<Record<string, LineCounts>>;
  readonly copies: Readonly<CopyCounts>;
  readonly missing: readonly Missing[];
  readonly uncaused: readonly Uncaused[];
  /** Absent where there are none. */
  readonly abandoned?: readonly Abandoned[];
  /** Absent where everything could be judged. */
  readonly unjudged?: readonly Unjudged[];
  /** Absent where there is none. */
  readonly dead?: readonly Dead[];
}

/** How one message stands at one subscriber. */
export type CopyState =
  | 'handled'
  | 'dead'
  | 'abandoned'
  | 'inFlight'
  | 'scheduled'
  | 'waitsForProvider'
  | 'missing'
  | 'unjudged';

/** The furthest from being handled first. */
const FURTHEST: readonly CopyState[] = [
  'missing',
  'unjudged',
  'dead',
  'abandoned',
  'waitsForProvider',
  'scheduled',
  'inFlight',
];

/** What was found, added up. */
export class Totals {
  readonly lines: Lines = {};
  readonly copies: CopyCounts = { handled: 0, duplicate: 0, dead: 0, cancelled: 0, late: 0 };
  readonly missing: Missing[] = [];
  readonly uncaused: Uncaused[] = [];
  readonly abandoned: Abandoned[] = [];
  readonly unjudged: Unjudged[] = [];
  readonly dead: Dead[] = [];

  count(businessLine: string, states: readonly CopyState[]): void {
    const line = lineOf(this.lines, businessLine);
    line.committed++;
    const furthest = FURTHEST.find((state) => states.includes(state)) ?? 'handled';
    line[furthest] = (line[furthest] ?? 0) + 1;
    if (furthest === 'waitsForProvider') line.scheduled++;
  }

  countCopy(name: keyof CopyCounts, count = 1): void {
    this.copies[name] = (this.copies[name] ?? 0) + count;
  }

  add(other: Totals): void {
    addLines(this.lines, other.lines);
    for (const [name, count] of Object.entries(other.copies)) this.countCopy(name as keyof CopyCounts, count);
    for (const missing of other.missing) this.missing.push(missing);
    for (const uncaused of other.uncaused) this.uncaused.push(uncaused);
    for (const abandoned of other.abandoned) this.abandoned.push(abandoned);
    for (const unjudged of other.unjudged) this.unjudged.push(unjudged);
    for (const dead of other.dead) this.dead.push(dead);
  }

  reconciliation(): Reconciliation {
    const lines = Object.entries(this.lines).map(([businessLine, { missing: _, ...counts }]) => [businessLine, counts]);
    return {
      lines: Object.fromEntries(lines) as Record<string, LineCounts>,
      copies: this.copies,
      missing: this.missing.sort(byId),
      uncaused: this.uncaused.sort(byId),
      ...(this.abandoned.length > 0 && { abandoned: this.abandoned.sort(byId) }),
      ...(this.unjudged.length > 0 && { unjudged: this.unjudged.sort(byId) }),
      ...(this.dead.length > 0 && { dead: this.dead.sort(byId) }),
    };
  }
}

/** Adds the counts of some messages to those of others, in place. */
export function addLines(total: Lines, lines: Readonly<Lines>): Lines {
  for (const [businessLine, counts] of Object.entries(lines)) {
    const line = lineOf(total, businessLine);
    for (const [name, count] of Object.entries(counts) as [keyof Counts, number][]) {
      line[name] = (line[name] ?? 0) + count;
    }
  }
  return total;
}

function lineOf(lines: Lines, businessLine: string): Counts {
  lines[businessLine] ??= { committed: 0, handled: 0, inFlight: 0, scheduled: 0, dead: 0, missing: 0 };
  return lines[businessLine];
}

/** By message, then by subscriber. */
export function byId(one: Uncaused, other: Uncaused): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : one.subscriber < other.subscriber ? -1 : 1;
}
