import type { Hop } from '../inspect/inspection.ts';

/** What became of a business line's messages. A message counts where it is furthest from being handled. */
export interface LineCounts {
  committed: number;
  /** Ended as `handled` or `duplicate` at every subscriber that expects it, or taken back (`cancelled`) from it. */
  handled: number;
  /** Not ended somewhere, and either within its deadline or late behind others. */
  inFlight: number;
  /** Failed somewhere, and resting until its next attempt; or waiting for the moment of its delivery. */
  scheduled: number;
  /** Dead-lettered somewhere, and not missing anywhere. */
  dead: number;
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

/** A message that ended at a subscriber, although it was never committed. */
export interface Uncaused {
  readonly id: string;
  readonly subscriber: string;
}

/** What became of the copies of committed messages: one for each message and subscriber that expects it. */
export interface CopyCounts {
  handled: number;
  duplicate: number;
  dead: number;
  /** Taken back before they were handled. */
  cancelled: number;
  /** Past its deadline, and on its way behind others. */
  late: number;
}

/** The difference between what was committed and what has ended, by message id. */
export interface Reconciliation {
  readonly lines: Readonly<Record<string, LineCounts>>;
  readonly copies: Readonly<CopyCounts>;
  readonly missing: readonly Missing[];
  readonly uncaused: readonly Uncaused[];
}

/** How one message stands at one subscriber. */
export type Standing = 'handled' | 'dead' | 'inFlight' | 'scheduled' | 'missing';

/** The furthest from being handled first. */
const FURTHEST: readonly Standing[] = ['missing', 'dead', 'scheduled', 'inFlight'];

/** Adds up what was found. */
export class Tally {
  readonly lines: Record<string, LineCounts & { missing: number }> = {};
  readonly copies: CopyCounts = { handled: 0, duplicate: 0, dead: 0, cancelled: 0, late: 0 };
  readonly missing: Missing[] = [];
  readonly uncaused: Uncaused[] = [];

  count(businessLine: string, standings: readonly Standing[]): void {
    const line = this.#line(businessLine);
    line.committed++;
    line[FURTHEST.find((standing) => standings.includes(standing)) ?? 'handled']++;
  }

  add(other: Tally): void {
    for (const [businessLine, counts] of Object.entries(other.lines)) {
      const line = this.#line(businessLine);
      for (const [name, count] of Object.entries(counts)) line[name as keyof LineCounts] += count;
    }
    for (const [name, count] of Object.entries(other.copies)) this.copies[name as keyof CopyCounts] += count;
    for (const missing of other.missing) this.missing.push(missing);
    for (const uncaused of other.uncaused) this.uncaused.push(uncaused);
  }

  reconciliation(): Reconciliation {
    const lines = Object.entries(this.lines).map(([businessLine, { missing: _, ...counts }]) => [businessLine, counts]);
    return {
      lines: Object.fromEntries(lines) as Record<string, LineCounts>,
      copies: this.copies,
      missing: this.missing.sort(byId),
      uncaused: this.uncaused.sort(byId),
    };
  }

  #line(businessLine: string): LineCounts & { missing: number } {
    this.lines[businessLine] ??= { committed: 0, handled: 0, inFlight: 0, scheduled: 0, dead: 0, missing: 0 };
    return this.lines[businessLine];
  }
}

function byId(one: Uncaused, other: Uncaused): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : one.subscriber < other.subscriber ? -1 : 1;
}
