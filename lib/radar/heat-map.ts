import { dayName, daysUntil, type Hour, hourName, hourOf } from './calendar.ts';
import { type Child, h } from './element.ts';
import { type Counts, countsInWords, HEALTH_NAMES, HEALTHS, type Health, healthOf, noCounts } from './health.ts';

export interface HeatMapOptions {
  readonly businessLine: string;
  readonly hours: ReadonlyMap<Hour, Counts>;
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Where a cell leads; without it, cells lead nowhere. */
  readonly hrefOf?: (businessLine: string, hour: Hour) => string;
}

const CELL = 14;
const PITCH = 16;
const LEFT = 44;
const TOP = 14;
const HOURS = 24;

/**
 * The heat map of a business line: a row for each day, a column for each hour, UTC. Health is told by colour, by a sign
 * and by a label. It is an SVG without styles of its own: `mapStyles` has them.
 */
export function heatMap(options: HeatMapOptions): Child {
  const { businessLine, hours, now } = options;
  const days = daysUntil(now, options.days);
  const current = hourOf(now);
  const most = Math.max(1, ...[...hours.values()].map(({ committed }) => committed));
  const [width, height] = [LEFT + HOURS * PITCH, TOP + days.length * PITCH];
  return h(
    'svg',
    {
      class: 'map',
      role: 'grid',
      viewBox: `0 0 ${width} ${height}`,
      'aria-label': `${businessLine}: health by day and hour, UTC`,
      'data-line': businessLine,
    },
    ...[0, 6, 12, 18].map((hour) =>
      h('text', { x: LEFT + hour * PITCH, y: 10, 'aria-hidden': 'true' }, `${String(hour).padStart(2, '0')}:00`),
    ),
    ...days.map((day, row) =>
      h(
        'g',
        { role: 'row', 'aria-label': dayName(day) },
        h('text', { x: 0, y: TOP + row * PITCH + 11, 'aria-hidden': 'true' }, dayName(day)),
        ...Array.from({ length: HOURS }, (_, column) => {
          const hour = `${day}T${String(column).padStart(2, '0')}`;
          const place = { x: LEFT + column * PITCH, y: TOP + row * PITCH };
          if (hour > current) return null;
          const counts = hours.get(hour) ?? noCounts();
          return cell(options, { hour, counts, place, most, isCurrent: hour === current });
        }),
      ),
    ),
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
}

interface Cell {
  readonly hour: Hour;
  readonly counts: Counts;
  readonly place: Place;
  readonly most: number;
  readonly isCurrent: boolean;
}

/** The tab key stops once at each map, at the current hour; arrow keys go on from there. */
function cell({ businessLine, hrefOf }: HeatMapOptions, { hour, counts, place, most, isCurrent }: Cell): Child {
  const health = healthOf(counts);
  const label = `${businessLine}, ${hourName(hour)}: ${countsInWords(counts)}`;
  const content = [h('rect', { ...place, width: CELL, height: CELL, rx: 2 }), signOf(health, place)];
  const properties = { role: 'gridcell', class: `${health} ${amountOf(counts, most)}`, 'aria-label': label };
  // The browser shows a title by itself; where cells lead somewhere, the page does.
  if (!hrefOf) return h('g', properties, h('title', {}, label), ...content);
  const href = hrefOf(businessLine, hour);
  const keys = { tabindex: isCurrent ? '0' : '-1', 'data-hour': hour, 'aria-selected': 'false' };
  return h('a', { ...properties, href, ...keys }, ...content);
}

/** Handled messages shade a cell by their number, on a scale of tens. */
function amountOf({ committed }: Counts, most: number): 'few' | 'some' | 'many' {
  const share = Math.log1p(committed) / Math.log1p(most);
  return share > 2 / 3 ? 'many' : share > 1 / 3 ? 'some' : 'few';
}

/** What tells a health without its colour. */
function signOf(health: Health, { x, y }: Place): Child {
  const at = (dx: number, dy: number) => `${x + dx} ${y + dy}`;
  const paths: Partial<Record<Health, string>> = {
    waiting: `M${at(7, 7)}h.01`,
    dead: `M${at(4, 7)}H${x + 10}`,
    missing: `M${at(4, 10)}L${at(10, 4)}`,
    alarm: `M${at(4, 4)}L${at(10, 10)}M${at(4, 10)}L${at(10, 4)}`,
  };
  const path = paths[health];
  return path ? h('path', { class: 'sign', d: path }) : null;
}

/** What the colours and signs mean. */
export function legend(): Child {
  return h(
    'ul',
    { class: 'legend', 'aria-label': 'Legend' },
    ...HEALTHS.map((health) =>
      h(
        'li',
        {},
        h(
          'svg',
          { class: 'key', viewBox: `0 0 ${CELL} ${CELL}`, width: CELL, height: CELL, 'aria-hidden': 'true' },
          h('rect', { class: health, width: CELL, height: CELL, rx: 2 }),
          signOf(health, { x: 0, y: 0 }),
        ),
        ` ${HEALTH_NAMES[health]}`,
      ),
    ),
  );
}

/** The minutes of one hour as a strip, oldest first. */
export function minuteStrip(hour: Hour, minutes: ReadonlyMap<string, Counts>): Child {
  const bad = [...minutes].filter(([, counts]) => !['none', 'good'].includes(healthOf(counts)));
  const said = bad.map(([minute, counts]) => `${minute.slice(11)}: ${countsInWords(counts)}`);
  const most = Math.max(1, ...[...minutes.values()].map(({ committed }) => committed));
  const pitch = 7;
  return h(
    'svg',
    {
      class: 'map strip',
      role: 'img',
      viewBox: `0 0 ${60 * pitch} 30`,
      'aria-label': `The hour by minute. ${said.join('. ') || 'Nothing stands out.'}`,
    },
    ...Array.from({ length: 60 }, (_, index) => {
      const minute = `${hour}:${String(index).padStart(2, '0')}`;
      const counts = minutes.get(minute) ?? noCounts();
      return h(
        'g',
        { class: `${healthOf(counts)} ${amountOf(counts, most)}` },
        h('title', {}, `${minute.slice(11)}: ${countsInWords(counts)}`),
        h('rect', { x: index * pitch, y: 0, width: pitch - 1, height: 18, rx: 1 }),
      );
    }),
    ...[0, 15, 30, 45].map((minute) =>
      h('text', { x: minute * pitch, y: 29, 'aria-hidden': 'true' }, `:${String(minute).padStart(2, '0')}`),
    ),
  );
}
