import type { LineCounts } from '../reconcile/totals.ts';

/** What became of some messages. */
export interface Counts extends LineCounts {
  /** Messages that are missing somewhere. */
  missing: number;
}

/** How some messages are, the best first. */
export const HEALTHS = ['none', 'good', 'waiting', 'dead', 'missing', 'alarm'] as const;
export type Health = (typeof HEALTHS)[number];

/** The share of missing messages above which an alarm goes off. */
export const ALARM_RATIO = 0.001;

/** What each health is called beside its colour and its sign. */
export const HEALTH_NAMES: Readonly<Record<Health, string>> = {
  none: 'nothing committed',
  good: 'all handled',
  waiting: 'on their way',
  dead: 'dead letters',
  missing: 'missing, up to 0.1 %',
  alarm: 'missing, above 0.1 %',
};

/** Judges counts by what is worst in them. */
export function healthOf({
  committed,
  inFlight,
  scheduled,
  dead,
  missing,
  abandoned = 0,
  unjudged = 0,
}: Counts): Health {
  if (missing > 0) return missing > committed * ALARM_RATIO ? 'alarm' : 'missing';
  if (dead + abandoned > 0) return 'dead';
  if (inFlight + scheduled + unjudged > 0) return 'waiting';
  return committed > 0 ? 'good' : 'none';
}

/** The name of each count. */
export const COUNTS = [
  'committed',
  'handled',
  'inFlight',
  'scheduled',
  'waitsForProvider',
  'dead',
  'abandoned',
  'unjudged',
  'missing',
] as const satisfies readonly (keyof Counts)[];

export function noCounts(): Counts {
  return { committed: 0, handled: 0, inFlight: 0, scheduled: 0, dead: 0, missing: 0 };
}

/** Adds counts to others, in place. */
export function addCounts(total: Counts, counts: Counts): Counts {
  for (const name of COUNTS) {
    const sum = (total[name] ?? 0) + (counts[name] ?? 0);
    if (sum > 0 || name in total) total[name] = sum;
  }
  return total;
}

/** The counts in words, e.g. `120 committed, 118 handled, 2 missing`: what is none is left out. */
export function countsInWords(counts: Counts): string {
  const { committed, handled, inFlight, scheduled, dead, missing, ...rare } = counts;
  const { abandoned = 0, unjudged = 0, waitsForProvider = 0 } = rare;
  if (committed + missing === 0) return HEALTH_NAMES.none;
  const parts: readonly [number, string][] = [
    [missing, 'missing'],
    [unjudged, 'not judged'],
    [dead, 'dead-lettered'],
    [abandoned, 'abandoned'],
    [waitsForProvider, 'waiting for a provider'],
    [scheduled - waitsForProvider, 'scheduled'],
    [inFlight, 'on their way'],
    [handled, 'handled'],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [`${committed} committed`, ...said].join(', ');
}
