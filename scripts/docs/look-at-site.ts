import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { BROWSER_FLAGS, findBrowser } from '../../test/browser/find-browser.ts';
import { root, SetupError } from '../setup/program.mjs';

/** Where the screenshots are: a folder for each way of looking. */
export const SCREENSHOTS = join(root, '.waybill', 'screenshots', 'docs');

const WAYS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', deviceScaleFactor: 2, hasTouch: true },
};

export interface Looked {
  readonly screenshots: number;
  /** What a reader would see go wrong: scripts that fail, requests to elsewhere, pages wider than the screen, … */
  readonly complaints: readonly string[];
}

/**
 * Opens every page in a real Chromium, light, dark and on a phone, takes a screenshot of each, and searches.
 *
 * @param url of the first page, on this machine
 * @param pages by their path below it
 * @throws SetupError where there is no Chromium
 */
export async function lookAtSite(url: string, pages: readonly string[]): Promise<Looked> {
  const executablePath = findBrowser();
  if (!executablePath)
    throw new SetupError('No Chromium is on the PATH: install one, such as `apt-get install chromium`.');
  rmSync(SCREENSHOTS, { recursive: true, force: true });
  const browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
  const complaints: string[] = [];
  try {
    // Side by side: mostly they wait until a page asks for nothing more.
    const ways = Object.entries(WAYS).map(async ([way, options]) => {
      mkdirSync(join(SCREENSHOTS, way), { recursive: true });
      const heard = await lookInOneWay(browser, { way, options, url, pages });
      return heard.map((line) => `${way}: ${line}`);
    });
    complaints.push(...(await Promise.all(ways)).flat());
    complaints.push(...(await search(browser, url)));
    return { screenshots: Object.keys(WAYS).length * pages.length, complaints };
  } finally {
    await browser.close();
  }
}

interface Look {
  readonly way: string;
  readonly options: BrowserContextOptions;
  readonly url: string;
  readonly pages: readonly string[];
}

async function lookInOneWay(browser: Browser, { way, options, url, pages }: Look): Promise<string[]> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const listened = listen(page, url);
  for (const path of pages) {
    await page.goto(new URL(path, url).href, { waitUntil: 'networkidle' });
    // What is never drawn is complained of below.
    await page.waitForFunction(DRAWN, undefined, { timeout: 20_000 }).catch(() => undefined);
    listened.push(...(await page.evaluate<string[]>(SEEN)));
    await page.screenshot({ path: join(SCREENSHOTS, way, `${path.replaceAll('/', '-')}.png`), fullPage: true });
    complaints.push(...listened.splice(0).map((line) => `${path}: ${line}`));
  }
  await context.close();
  return complaints;
}

function listen(page: Page, url: string): string[] {
  const heard: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) heard.push(`asks ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) heard.push(`gets ${response.status()} for ${response.url()}`);
  });
  page.on('console', (line) => {
    if (line.type() === 'error') heard.push(line.text());
  });
  page.on('pageerror', (error) => heard.push(String(error)));
  return heard;
}

/** What runs in the page is a text: this repository's own code knows no DOM. */
const DRAWN = `document.querySelectorAll('.diagram').length === document.querySelectorAll('.diagram svg').length`;

/** What is wrong with the page as it is shown. */
const SEEN = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const undrawn = document.querySelectorAll('.diagram pre').length;
  const titles = document.querySelectorAll('.vp-doc h1').length;
  return [
    scrollWidth > clientWidth && 'is ' + scrollWidth + ' px wide on a screen of ' + clientWidth,
    undrawn > 0 && 'shows ' + undrawn + ' diagrams as text',
    titles !== 1 && 'has ' + titles + ' titles',
  ].filter((line) => line !== false);
})()`;

/** Types a word into the search, and opens what it finds. */
async function search(browser: Browser, url: string): Promise<string[]> {
  const page = await browser.newPage();
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.keyboard.press('Control+k');
  await page.locator('.search-input').fill('redrive');
  const found = page.locator('.VPLocalSearchBox .result');
  await found.first().waitFor({ timeout: 20_000 });
  const [results, title] = [await found.count(), await found.first().textContent()];
  await found.first().click();
  await page.waitForURL((now) => now.href !== url);
  const text = await page.locator('.vp-doc').textContent();
  await page.close();
  if (results > 0 && /redrive/i.test(text ?? '')) return [];
  return [`search: 'redrive' finds ${results} results, first '${title}', which does not hold the word`];
}
