import type { Health } from './health.ts';

export type Theme = 'light' | 'dark';

/** Of the Okabe-Ito palette, which people of all colour vision tell apart; the signs are drawn on top of it. */
const COLOURS: Readonly<Record<Theme, Readonly<Record<Health | 'sign' | 'text' | 'edge', string>>>> = {
  light: {
    none: '#e8eaed',
    good: '#009e73',
    waiting: '#56b4e9',
    dead: '#e69f00',
    missing: '#d55e00',
    alarm: '#8f0036',
    sign: '#101418',
    text: '#3c444d',
    edge: '#101418',
  },
  dark: {
    none: '#262c33',
    good: '#1fb88c',
    waiting: '#56b4e9',
    dead: '#f0b429',
    missing: '#ff7f2a',
    alarm: '#ff4d8d',
    sign: '#0b0e11',
    text: '#c3cad2',
    edge: '#ffffff',
  },
};

/** The style sheet of heat maps, for one theme. */
export function mapStyles(theme: Theme): string {
  const { sign, text, edge, ...healths } = COLOURS[theme];
  return [
    `.map text{fill:${text};font:11px system-ui,sans-serif}`,
    ...Object.entries(healths).map(([health, colour]) => `.map .${health} rect,.key .${health}{fill:${colour}}`),
    '.map .good.few rect{fill-opacity:.45}.map .good.some rect{fill-opacity:.7}',
    `.map .sign,.key .sign{fill:none;stroke:${sign};stroke-width:2;stroke-linecap:round}`,
    '.map .waiting .sign,.key .waiting+.sign{stroke-width:4.5}',
    `.map .alarm .sign,.key .alarm+.sign{stroke:${theme === 'light' ? '#ffffff' : sign}}`,
    `.map a:focus{outline:none}.map a:focus-visible rect,.map a:hover rect,.map a[aria-selected=true] rect{stroke:${edge};stroke-width:2}`,
  ].join('\n');
}

/** The same for a page that follows the system's theme. */
export function adaptiveMapStyles(): string {
  return `${mapStyles('light')}\n@media (prefers-color-scheme: dark){\n${mapStyles('dark')}\n}\n`;
}
