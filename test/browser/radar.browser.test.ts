import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RadarServer, serveRadar } from '../../lib/radar/index.ts';
import { LOST, seededSource } from '../radar/seeded-source.ts';
import { BROWSER_FLAGS, findBrowser } from './find-browser.ts';

const executablePath = findBrowser();
if (!executablePath)
  console.warn('The browser tests are skipped: no Chromium is on the PATH. `apt-get install chromium`');
/** Nobody commits them; CI may keep them. */
const SCREENSHOTS = fileURLToPath(new URL('../../.waybill/screenshots/', import.meta.url));

describe.skipIf(!executablePath)('the radar, in a real browser', () => {
  let browser: Browser;
  let server: RadarServer;
  let seeded: ReturnType<typeof seededSource>;
  let context: BrowserContext | undefined;
  let complaints: string[];

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    seeded = seededSource();
    server = await serveRadar(seeded.source);
    complaints = [];
    context = undefined;
  });

  afterEach(async () => {
    const heard = [...complaints];
    await context?.close();
    await server.close();
    expect(heard).toEqual([]);
  });

  /** Opens the page, and listens whether it asks anybody else or breaks a rule of its own. */
  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`asked ${request.url()}`);
    });
    page.on('console', (line) => {
      if (line.type() === 'error') complaints.push(line.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.url);
    if (options.javaScriptEnabled !== false) {
      // Asked by the driver: a condition as a text is what the page's policy refuses to evaluate.
      await page.locator('#live', { hasText: /^live$/ }).waitFor();
    }
    return page;
  }

  const cell = (page: Page, name: RegExp) => page.getByRole('gridcell', { name });
  const screenshot = (page: Page, name: string) =>
    page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
  const focused = (page: Page) => page.evaluate<string>('document.activeElement.getAttribute("aria-label")');

  test('shows a map for each business line, with a cell for each hour up to now', async () => {
    const page = await open();
    expect(await page.getByRole('grid').count()).toBe(2);
    const orders = page.getByRole('grid', { name: /^orders/ });
    expect(await orders.getByRole('row').count()).toBe(7);
    expect(await orders.getByRole('gridcell').count()).toBe(6 * 24 + 9);
    await screenshot(page, 'light');
  });

  test('shows the counts on hovering over a cell', async () => {
    const page = await open();
    await cell(page, /orders, Sun 22, 03:00/).hover();
    const hint = page.getByRole('tooltip');
    expect(await hint.textContent()).toBe('orders, Sun 22, 03:00 UTC: 90 committed, 10 dead-lettered, 80 handled');
    await page.mouse.move(1, 1);
    expect(await hint.isHidden()).toBe(true);
  });

  test('opens an hour by a click: the missing message with its hop, its latency, its trace', async () => {
    const page = await open();
    await cell(page, /orders, Mon 23, 07:00/).click();
    const panel = page.getByRole('region', { name: 'Details' });
    await panel.getByRole('heading', { name: 'orders, Mon 23, 07:00 UTC' }).waitFor();
    expect(await panel.locator('.messages').textContent()).toContain(LOST);
    expect(await panel.locator('.hop').textContent()).toBe('broker: sent, not received');
    await panel.locator('.latency canvas').waitFor();
    expect(await panel.locator('figcaption').textContent()).toContain('60 messages sampled');
    await panel.getByRole('link', { name: `Trace ${LOST}` }).click();
    await panel.getByRole('heading', { name: 'Trace' }).waitFor();
    expect(await panel.locator('.trace').textContent()).toContain('reserve-stock handled');
    await screenshot(page, 'opened');
  });

  test('sends a missing message again by its button, once', async () => {
    const page = await open();
    await cell(page, /orders, Mon 23, 07:00/).click();
    const button = page.getByRole('button', { name: `Redrive ${LOST} to take-payment` });
    await button.click();
    await page.getByText('Sent to take-payment again.').waitFor();
    expect(seeded.redriven).toEqual([{ id: LOST, subscriber: 'take-payment' }]);
    expect(await button.isDisabled()).toBe(true);
  });

  test('is worked by keyboard alone', async () => {
    const page = await open();
    await cell(page, /orders, Mon 23, 08:00/).focus();
    await page.keyboard.press('ArrowLeft');
    expect(await focused(page)).toMatch(/^orders, Mon 23, 07:00/);
    await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toMatch(/^orders, Sun 22, 07:00/);
    await page.keyboard.press('End');
    expect(await focused(page)).toMatch(/^orders, Sun 22, 23:00/);
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toMatch(/^orders, Mon 23, 08:00/);
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toMatch(/^orders, Mon 23, 08:00/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'orders, Mon 23, 07:00 UTC' }).waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H2');
    await page.keyboard.press('Escape');
    expect(await focused(page)).toMatch(/^orders, Mon 23, 07:00/);
    expect(await page.locator('.bucket').count()).toBe(0);
  });

  test('has one stop for the tab key in each map', async () => {
    const page = await open();
    expect(await page.locator('svg[data-line] a[tabindex="0"]').count()).toBe(2);
    await cell(page, /orders, Mon 23, 08:00/).focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toMatch(/^payments, Mon 23, 08:00/);
  });

  test('changes while it is looked at, and keeps the focus', async () => {
    const page = await open();
    await cell(page, /orders, Mon 23, 07:00/).focus();
    seeded.change('2026-11-23T08', { committed: 30, handled: 30 });
    await cell(page, /orders, Mon 23, 08:00 UTC: 30 committed, 30 handled/).waitFor();
    expect(await focused(page)).toMatch(/^orders, Mon 23, 07:00/);
  });

  test('follows the dark theme of the system', async () => {
    const page = await open({ colorScheme: 'dark' });
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe('rgb(20, 24, 29)');
    const fill = await page.evaluate<string>(
      'getComputedStyle(document.querySelector("svg[data-line] .alarm rect")).fill',
    );
    expect(fill).toBe('rgb(255, 77, 141)');
    await cell(page, /orders, Mon 23, 07:00/).click();
    await page.locator('.latency canvas').waitFor();
    await screenshot(page, 'dark');
  });

  test("fits a phone's width, where a tap opens an hour", async () => {
    const page = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const widest = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(widest).toBeLessThanOrEqual(360);
    await page.getByRole('link', { name: /orders Mon 23, 07:00 UTC/ }).tap();
    await page.getByRole('button', { name: `Redrive ${LOST} to take-payment` }).waitFor();
    await page.locator('.latency canvas').waitFor();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await screenshot(page, 'phone');
  });

  test('tells healths apart without colour: each bad one has a sign of its own', async () => {
    const page = await open();
    const signs = await page.evaluate<string[]>(
      'Array.from(document.querySelectorAll("svg[data-line=orders] .sign"), (sign) => sign.parentElement.classList[0])',
    );
    expect(signs).toEqual(['missing', 'dead', 'alarm', 'waiting']);
    await page.emulateMedia({ forcedColors: 'active' });
    await screenshot(page, 'forced-colours');
  });

  test('opens hours, traces and redrives without scripts too', async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.getByRole('link', { name: /orders Mon 23, 07:00 UTC/ }).click();
    await page.getByRole('button', { name: `Redrive ${LOST} to take-payment` }).click();
    await page.getByText('Sent to take-payment again.').waitFor();
    expect(seeded.redriven).toHaveLength(1);
  });
});
