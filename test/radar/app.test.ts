import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { radarApp } from '../../lib/radar/app.ts';
import { counts, LOST, seededSource } from './seeded-source.ts';

const HOST = '127.0.0.1:4242';
const TOKEN = 'a-token-of-this-server';

function served() {
  const seeded = seededSource();
  const app = radarApp(seeded.source, { hosts: () => [HOST, 'localhost:4242'], token: TOKEN });
  const ask = (path: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}) =>
    app.request(`http://${HOST}${path}`, { ...init, headers: { host: HOST, ...init.headers } });
  const redrive = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    ask('/redrive', { method: 'POST', body: new URLSearchParams(form), headers });
  return { ...seeded, ask, redrive };
}

const FORM = { token: TOKEN, id: LOST, subscriber: 'take-payment' };

describe('the radar refuses', () => {
  test.each([
    'evil.example:4242',
    '127.0.0.1',
    '127.0.0.1:80',
    'localhost',
    '127.0.0.1:4242.evil.example',
    '[::1]:4242',
    '',
  ])('a request for the host %o, whatever it asks', async (host) => {
    const { ask, redrive, redriven } = served();
    for (const path of ['/', '/radar.js', '/api/radar', '/live', `/trace/${LOST}`]) {
      expect((await ask(path, { headers: { host } })).status).toBe(421);
    }
    expect((await redrive(FORM, { host })).status).toBe(421);
    expect(redriven).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['of another origin', { origin: 'http://evil.example' }],
    ['of another port', { origin: 'http://127.0.0.1:4243' }],
    ['of no origin', { origin: 'null' }],
    ['of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of a neighbour on this machine', { 'sec-fetch-site': 'same-site' }],
  ])('what a page %s has the browser send', async (_, headers) => {
    const { ask, redrive, redriven } = served();
    expect((await redrive(FORM, headers)).status).toBe(403);
    expect((await ask('/api/radar', { headers })).status).toBe(403);
    expect(redriven).toEqual([]);
  });

  test.each([undefined, '', 'a-token-of-this-serveR', 'a-token-of-this-server-and-more'])(
    'a redrive with the token %o',
    async (token) => {
      const { redrive, redriven } = served();
      const { token: _, ...rest } = FORM;
      expect((await redrive(token === undefined ? rest : { ...rest, token })).status).toBe(403);
      expect(redriven).toEqual([]);
    },
  );

  test('a redrive by anything but a post', async () => {
    const { ask, redriven } = served();
    expect((await ask(`/redrive?${new URLSearchParams(FORM)}`)).status).toBe(404);
    expect(redriven).toEqual([]);
  });

  test('a body that is larger than a redrive can be', async () => {
    const { redrive, redriven } = served();
    expect((await redrive({ ...FORM, more: 'x'.repeat(10_000) })).status).toBe(413);
    expect((await redrive(FORM, { 'content-length': '10000' })).status).toBe(413);
    expect(redriven).toEqual([]);
  });
});

test('a redrive with the token of the page sends the message again', async () => {
  const { ask, redrive, redriven } = served();
  const page = await (await ask('/bucket?line=orders&hour=2026-11-23T07')).text();
  const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const headers = { origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin' };
  expect((await redrive({ ...FORM, token }, headers)).status).toBe(200);
  expect(redriven).toEqual([{ id: LOST, subscriber: 'take-payment' }]);
});

test('a link to the radar from another page may be followed', async () => {
  const { ask } = served();
  const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  expect((await ask('/', { headers })).status).toBe(200);
});

test.each([
  '/',
  '/radar.js',
  '/radar.css',
  '/map.css',
  '/uplot.js',
  '/uplot.css',
  '/icon.svg',
  '/api/radar',
  '/nowhere',
])('%s says that the browser may load from here only, and that nobody may frame it', async (path) => {
  const { ask } = served();
  const { headers } = await ask(path);
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
});

test('the page has nothing inline that the policy would refuse, and names nobody else', async () => {
  const { ask } = served();
  for (const path of ['/', '/bucket?line=orders&hour=2026-11-23T07', `/trace/${LOST}`]) {
    const html = await (await ask(path)).text();
    expect(html).not.toMatch(/<style|<script(?! src="\/)|\sstyle=|\son\w+=|https?:|javascript:/);
  }
});

test('the counts are there as JSON', async () => {
  const { ask } = served();
  const radar = await (await ask('/api/radar?days=28')).json();
  expect(radar).toMatchObject({
    ledger: 'Shop-Ledger',
    days: 28,
    lines: { orders: { '2026-11-23T07': counts({ committed: 120, handled: 118, missing: 2 }) } },
  });
});

test.each([
  ['/part/bucket?line=nobody&hour=2026-11-23T07', 404, "There is no business line 'nobody'"],
  ['/part/bucket?line=orders&hour=yesterday', 404, 'An hour is given as 2026-11-23T08, UTC'],
  ['/part/trace/0197b2a4-1234-7abc-8def-0123456789aa', 404, 'No message'],
  ['/part/trace/<script>', 404, 'No message'],
])('%s is answered with %d and a sentence as plain text', async (path, status, sentence) => {
  const { ask } = served();
  const answer = await ask(path);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(await answer.text()).toContain(sentence);
});

test('whoever watches hears of changes, and is forgotten when gone', async () => {
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { ask, change, watchers } = served();
  const { body } = await ask('/live');
  const reader = body?.getReader();
  const heard = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await heard()).toContain('event: changed');
  expect(watchers()).toBe(1);
  change('2026-11-23T08', { committed: 1, handled: 1 });
  expect(await heard()).toContain('event: changed');
  vi.advanceTimersToNextTimer();
  expect(await heard()).toContain('event: alive');
  await reader?.cancel();
  await expect.poll(watchers).toBe(0);
  // A heartbeat would keep the command from ending.
  expect(vi.getTimerCount()).toBe(0);
});
