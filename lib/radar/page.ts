import { type Child, h } from './element.ts';

export interface PageOptions {
  readonly ledger: string;
  readonly days: number;
  readonly content: Child;
  /** What is opened beside the map. */
  readonly panel?: Child;
}

/** The spans of time that the radar can show, in days. */
export const SPANS = [1, 7, 28] as const;

const SPAN_NAMES: Readonly<Record<number, string>> = { 1: 'Today', 7: '7 days', 28: '28 days' };

/** The radar's document. Everything that it loads comes from where it came from itself. */
export function page({ ledger, days, content, panel }: PageOptions): string {
  const document = h(
    'html',
    { lang: 'en' },
    h(
      'head',
      {},
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', {}, `Radar of ${ledger}`),
      h('link', { rel: 'icon', href: '/icon.svg', type: 'image/svg+xml' }),
      ...['/uplot.css', '/map.css', '/radar.css'].map((href) => h('link', { rel: 'stylesheet', href })),
      ...['/uplot.js', '/radar.js'].map((src) => h('script', { src, defer: true })),
    ),
    h(
      'body',
      { 'data-days': String(days) },
      h(
        'header',
        {},
        h('h1', {}, h('a', { href: '/' }, 'Radar')),
        h('p', {}, 'Ledger ', h('code', {}, ledger), ' ', h('span', { id: 'live', role: 'status' })),
        h(
          'nav',
          { 'aria-label': 'Span of time' },
          ...SPANS.map((span) =>
            h('a', { href: `/?days=${span}`, 'aria-current': span === days ? 'page' : null }, SPAN_NAMES[span]),
          ),
        ),
      ),
      h('main', {}, h('div', { id: 'map' }, content), h('section', { id: 'panel', 'aria-label': 'Details' }, panel)),
      h('div', { id: 'hint', role: 'tooltip', hidden: true }),
    ),
  );
  return `<!doctype html>${document}`;
}
