import { type Environment, environmentOf } from '../aws/environment.ts';
import { DAY_MS, HOUR_MS } from '../contract/time.ts';
import { readGraph } from '../ledger/graph.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { messageTime } from '../message/message-id.ts';
import { type Case, casesOf, GIVEN_UP } from '../reconcile/cases.ts';
import { readRadar } from '../reconcile/radar-rows.ts';
import { byHour, daysUntil, type Hour, hourName, hourOf, startOf } from './calendar.ts';
import { type Child, h } from './element.ts';
import { countsInWords } from './health.ts';
import { heatMap, legend } from './heat-map.ts';
import { mapStyles, type Theme } from './palette.ts';
import { type RadarMap, totalOf, worriesOf } from './radar-map.ts';
import { CALM, HOP_NAMES } from './words.ts';

/** What CloudWatch hands to a custom widget: the widget's parameters, and what the dashboard knows. */
export interface WidgetEvent {
  /** CloudWatch asks what the widget does. */
  readonly describe?: boolean;
  /** How many days are shown. @default 7 */
  readonly days?: unknown;
  /** With `hour`: the open cases of that hour instead of the maps. */
  readonly line?: unknown;
  readonly hour?: unknown;
  readonly widgetContext?: { readonly theme?: string };
}

/** The handler of a CloudWatch custom widget: it answers with HTML, or with Markdown when asked what it does. */
export type RadarWidget = (event: WidgetEvent, context: { readonly invokedFunctionArn: string }) => Promise<string>;

const DEFAULT_DAYS = 7;
const MOST_DAYS = 28;
/** Cases that a popup lists. */
const LISTED = 50;

const DESCRIPTION = `## Waybill radar
The health of each business line by day and hour, as reconciliation has counted it.

### Widget parameters
Param | Description
---|---
**days** | How many days are shown, from 1 to ${MOST_DAYS}; ${DEFAULT_DAYS} by default

### Example parameters
\`\`\` yaml
days: 7
\`\`\`
`;

/**
 * The radar as a widget of a CloudWatch dashboard: the same heat maps as `waybill radar` shows, without scripts. The hours
 * that want attention open a popup with their open cases. It only reads, and only the ledger.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html
 */
export function createRadarWidget(): RadarWidget {
  return async (event, context) => {
    if (event.describe) return DESCRIPTION;
    const environment = environmentOf(context);
    const { line, hour } = event;
    if (typeof line === 'string' && typeof hour === 'string' && startOf(hour) !== undefined) {
      return String(await casesView(environment, line, hour));
    }
    const map = await readMap(environment, daysOf(event.days));
    const theme: Theme = event.widgetContext?.theme === 'dark' ? 'dark' : 'light';
    return String(mapView(map, theme, context.invokedFunctionArn));
  };
}

async function readMap(environment: Environment, days: number): Promise<RadarMap> {
  const ledger = ledgerOf(environment);
  const now = environment.now();
  const { businessLines } = await readGraph(ledger);
  const from = now - (now % DAY_MS) - (days - 1) * DAY_MS;
  const rows = await readRadar(ledger, businessLines, { from, to: now + HOUR_MS });
  return { now, days, lines: new Map([...rows].map(([line, buckets]) => [line, byHour(buckets)])) };
}

function mapView(map: RadarMap, theme: Theme, endpoint: string): Child {
  const worries = worriesOf(map);
  return h(
    'div',
    {},
    h(
      'style',
      {},
      `${mapStyles(theme)}\n.map{width:100%;max-width:720px}.legend{list-style:none;padding:0}.legend li{display:inline;margin-right:12px}`,
    ),
    worries.length === 0 ? h('p', {}, CALM) : null,
    ...worries.map(({ businessLine, hour, counts }) =>
      h(
        'p',
        {},
        h('a', { class: 'btn' }, `${businessLine}, ${hourName(hour)}`),
        // It makes a button of the element before it.
        h('cwdb-action', { action: 'call', display: 'popup', endpoint }, JSON.stringify({ line: businessLine, hour })),
        ` ${countsInWords(counts)}`,
      ),
    ),
    legend(),
    ...[...map.lines].map(([businessLine, hours]) =>
      h(
        'section',
        {},
        h('h4', {}, `${businessLine}: ${countsInWords(totalOf(map, businessLine))}`),
        heatMap({ businessLine, hours, days: map.days, now: map.now }),
      ),
    ),
    h('p', {}, `${daysUntil(map.now, map.days)[0]} to ${hourOf(map.now)}:00 UTC`),
  );
}

async function casesView(environment: Environment, line: string, hour: Hour): Promise<Child> {
  const cases = await casesIn(environment, line, hour);
  return h(
    'div',
    {},
    h('h3', {}, `${line}, ${hourName(hour)}`),
    cases.length === 0
      ? h('p', {}, 'No message of this hour is missing now. Dead letters lie in the dead-letter queues.')
      : h(
          'table',
          {},
          h('tr', {}, ...['Message', 'Missing at', 'Hop', 'Evidence', 'Sent again'].map((name) => h('th', {}, name))),
          ...cases
            .slice(0, LISTED)
            .map(({ id, subscriber, hop, evidence, tries, state }) =>
              h(
                'tr',
                {},
                h('td', {}, h('code', {}, id)),
                h('td', {}, subscriber),
                h('td', {}, hop ? HOP_NAMES[hop] : ''),
                h('td', {}, evidence ?? ''),
                h('td', {}, state === GIVEN_UP ? `${tries} times, in vain` : `${tries} times`),
              ),
            ),
        ),
    cases.length > LISTED ? h('p', {}, `${cases.length - LISTED} more: \`waybill reconcile\` names them all.`) : null,
    h('p', {}, '`waybill trace <message>` follows one; `waybill radar` sends it again.'),
  );
}

async function casesIn(environment: Environment, line: string, hour: Hour): Promise<Case[]> {
  const ledger = await withEveryShard(ledgerOf(environment));
  const cases: Case[] = [];
  for (let shard = 0; shard < ledger.shards; shard++) {
    for await (const one of casesOf(ledger, shard)) {
      const { businessLine, state, id } = one;
      if (businessLine === line && state !== 'waiting' && hourOf(messageTime(id)) === hour) cases.push(one);
    }
  }
  return cases;
}

function daysOf(days: unknown): number {
  const number = Number(days ?? DEFAULT_DAYS);
  return Number.isInteger(number) && number >= 1 && number <= MOST_DAYS ? number : DEFAULT_DAYS;
}
