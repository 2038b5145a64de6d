import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daysUntil, hourOf } from '../../lib/radar/calendar.ts';
import { type Counts, countsInWords, HEALTHS, healthOf, noCounts } from '../../lib/radar/health.ts';
import { heatMap } from '../../lib/radar/heat-map.ts';
import { mapStyles } from '../../lib/radar/palette.ts';
import { worriesOf } from '../../lib/radar/radar-map.ts';
import { counts, NOW } from './seeded-source.ts';

const some = fc.nat({ max: 5_000 });
const anyCounts = fc
  .record({ handled: some, inFlight: some, scheduled: some, dead: some, missing: some })
  .map((parts): Counts => ({ ...parts, committed: Object.values(parts).reduce((sum, part) => sum + part, 0) }));
const anyHour = fc.integer({ min: 0, max: 27 * 24 }).map((age) => hourOf(NOW - age * 3_600_000));

describe('health', () => {
  test.each([
    ['none', {}],
    ['good', { committed: 5, handled: 5 }],
    ['waiting', { committed: 5, handled: 4, inFlight: 1 }],
    ['waiting', { committed: 5, handled: 4, scheduled: 1 }],
    ['dead', { committed: 5, handled: 3, dead: 1, inFlight: 1 }],
    ['missing', { committed: 1_000, handled: 999, missing: 1 }],
    ['alarm', { committed: 999, handled: 998, missing: 1 }],
    ['alarm', { missing: 1 }],
  ])('is %s where there are %o', (health, given) => {
    expect(healthOf(counts(given))).toBe(health);
  });

  test('is never good or none where anything is missing, however much was handled', () => {
    fc.assert(
      fc.property(anyCounts, fc.integer({ min: 1 }), (given, missing) => {
        expect(['missing', 'alarm']).toContain(healthOf({ ...given, committed: given.committed + missing, missing }));
      }),
    );
  });

  test('is said in words with every count that is not none', () => {
    fc.assert(
      fc.property(anyCounts, (given) => {
        const numbers = [...countsInWords(given).matchAll(/\d+/g)].map(([number]) => Number(number));
        const { committed, ...parts } = given;
        if (committed === 0) return expect(numbers).toEqual([]);
        const there = Object.values(parts).filter((part) => part > 0);
        expect(numbers.sort()).toEqual([committed, ...there].sort());
      }),
    );
  });
});

describe('the heat map', () => {
  const rendered = (hours: ReadonlyMap<string, Counts>, days = 28, businessLine = 'orders') =>
    String(heatMap({ businessLine, hours, days, now: NOW, hrefOf: (line, hour) => `/${line}/${hour}` }));

  test('has one cell for each hour up to now, with the health and the counts of that hour', () => {
    fc.assert(
      fc.property(fc.dictionary(anyHour, anyCounts, { maxKeys: 30 }), (given) => {
        const html = rendered(new Map(Object.entries(given)));
        const cells = [
          ...html.matchAll(/<a role="gridcell" class="(\w+) \w+" aria-label="([^"]*)"[^>]*data-hour="([^"]*)"/g),
        ];
        expect(cells).toHaveLength(27 * 24 + 9);
        for (const [, health, label, hour = ''] of cells) {
          const hourCounts = given[hour] ?? noCounts();
          expect(health).toBe(healthOf(hourCounts));
          expect(label).toContain(countsInWords(hourCounts));
        }
      }),
      { numRuns: 20 },
    );
  });

  test('has exactly one stop for the tab key, the current hour', () => {
    const stops = [...rendered(new Map()).matchAll(/tabindex="0" data-hour="([^"]*)"/g)];
    expect(stops.map(([, hour]) => hour)).toEqual(['2026-11-23T08']);
  });

  test('escapes the name of a business line', () => {
    expect(rendered(new Map(), 1, '"><script>alert(1)</script>')).not.toContain('<script');
  });

  test('looks as it did', () => {
    const hours = new Map([
      ['2026-11-23T00', counts({ committed: 4_000, handled: 3_999, missing: 1 })],
      ['2026-11-23T01', counts({ committed: 10, handled: 9, dead: 1 })],
      ['2026-11-23T02', counts({ committed: 10, handled: 8, missing: 2 })],
      ['2026-11-23T08', counts({ committed: 10, inFlight: 10 })],
    ]);
    expect(rendered(hours, 1).replaceAll('><', '>\n<')).toMatchSnapshot();
  });

  test.each(['light', 'dark'] as const)('has a colour for each health, no two alike, in the %s theme', (theme) => {
    const styles = mapStyles(theme);
    const colours = HEALTHS.map(
      (health) => new RegExp(`\\.map \\.${health} rect,[^{]*\\{fill:(#\\w+)\\}`).exec(styles)?.[1],
    );
    expect(new Set(colours).size).toBe(HEALTHS.length);
    expect(colours).not.toContain(undefined);
  });
});

test('days are whole, the last is today', () => {
  expect(daysUntil(NOW, 3)).toEqual(['2026-11-21', '2026-11-22', '2026-11-23']);
});

test('what wants attention comes worst first, then newest, and only of the days that are shown', () => {
  const orders = new Map([
    ['2026-11-10T00', counts({ committed: 1, missing: 1 })],
    ['2026-11-22T00', counts({ committed: 1, dead: 1 })],
    ['2026-11-21T00', counts({ committed: 1, missing: 1 })],
    ['2026-11-23T00', counts({ committed: 1, missing: 1 })],
    ['2026-11-23T01', counts({ committed: 1, handled: 1 })],
  ]);
  const worries = worriesOf({ now: NOW, days: 7, lines: new Map([['orders', orders]]) });
  expect(worries.map(({ hour }) => hour)).toEqual(['2026-11-23T00', '2026-11-21T00', '2026-11-22T00']);
});
