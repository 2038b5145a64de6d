import { daysUntil, type Hour, hourName } from './calendar.ts';
import { type Child, h } from './element.ts';
import { addCounts, type Counts, countsInWords, healthOf, noCounts } from './health.ts';
import { heatMap, legend } from './heat-map.ts';
import { CALM } from './words.ts';

/** What the radar shows: counts by business line and hour. */
export interface RadarMap {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly days: number;
  readonly lines: ReadonlyMap<string, ReadonlyMap<Hour, Counts>>;
}

/** An hour of a business line that wants somebody to look. */
export interface Worry {
  readonly businessLine: string;
  readonly hour: Hour;
  readonly counts: Counts;
}

const WORRIES = 8;

/** All heat maps of the radar, the hours that want attention first. */
export function radarMap(map: RadarMap, hrefOf: (businessLine: string, hour: Hour) => string): Child {
  const lines = [...map.lines];
  return h(
    'div',
    { class: 'radar' },
    attention(worriesOf(map), hrefOf),
    legend(),
    lines.length === 0 ? h('p', { class: 'empty' }, 'Nobody subscribes to anything in this ledger yet.') : null,
    ...lines.map(([businessLine, hours]) =>
      h(
        'section',
        { class: 'line' },
        h('h2', {}, businessLine, ' ', h('small', {}, countsInWords(totalOf(map, businessLine)))),
        heatMap({ businessLine, hours, days: map.days, now: map.now, hrefOf }),
      ),
    ),
  );
}

/** The hours with missing messages or dead letters, the worst and newest first. */
export function worriesOf({ lines, now, days }: RadarMap): Worry[] {
  const first = `${daysUntil(now, days)[0]}T00`;
  return [...lines]
    .flatMap(([businessLine, hours]) => [...hours].map(([hour, counts]) => ({ businessLine, hour, counts })))
    .filter(({ hour, counts }) => hour >= first && counts.missing + counts.dead + (counts.abandoned ?? 0) > 0)
    .sort((one, other) => rankOf(other) - rankOf(one) || (one.hour < other.hour ? 1 : -1))
    .slice(0, WORRIES);
}

/** The counts of a business line over the days that are shown. */
export function totalOf({ lines, now, days }: RadarMap, businessLine: string): Counts {
  const first = `${daysUntil(now, days)[0]}T00`;
  const hours = [...(lines.get(businessLine) ?? [])].filter(([hour]) => hour >= first);
  return hours.reduce((total, [, counts]) => addCounts(total, counts), noCounts());
}

function rankOf({ counts }: Worry): number {
  return ['dead', 'missing', 'alarm'].indexOf(healthOf(counts));
}

function attention(worries: readonly Worry[], hrefOf: (businessLine: string, hour: Hour) => string): Child {
  if (worries.length === 0) return h('p', { class: 'attention calm' }, CALM);
  return h(
    'nav',
    { class: 'attention', 'aria-label': 'Hours that want attention' },
    h(
      'ul',
      {},
      ...worries.map(({ businessLine, hour, counts }) =>
        h(
          'li',
          {},
          h(
            'a',
            { href: hrefOf(businessLine, hour), class: healthOf(counts), 'data-line': businessLine, 'data-hour': hour },
            h('strong', {}, businessLine),
            ` ${hourName(hour)}: ${countsInWords(counts)}`,
          ),
        ),
      ),
    ),
  );
}
