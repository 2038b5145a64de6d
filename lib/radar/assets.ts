import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { adaptiveMapStyles } from './palette.ts';

/** A file that the page loads. */
export interface Asset {
  readonly type: string;
  readonly read: () => string;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLES = 'text/css; charset=utf-8';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#009e73"/>' +
  '<path d="M4 12L12 4" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>';

/** Everything that the page loads, by path: nothing of it comes from elsewhere. */
export const ASSETS: Readonly<Record<string, Asset>> = {
  '/radar.js': { type: SCRIPT, read: () => own('radar.js') },
  '/radar.css': { type: STYLES, read: () => own('radar.css') },
  '/map.css': { type: STYLES, read: adaptiveMapStyles },
  '/uplot.js': { type: SCRIPT, read: () => ofUplot('uPlot.iife.min.js') },
  '/uplot.css': { type: STYLES, read: () => ofUplot('uPlot.min.css') },
  '/icon.svg': { type: 'image/svg+xml', read: () => ICON },
};

function own(file: string): string {
  return readFileSync(new URL(`browser/${file}`, import.meta.url), 'utf8');
}

function ofUplot(file: string): string {
  return readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${file}`), 'utf8');
}
