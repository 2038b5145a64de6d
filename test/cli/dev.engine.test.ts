import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sharedEngine } from '../../lib/local/shared.ts';
import { devFolder } from './dev-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const SOON = { timeout: 60_000, interval: 50 };

interface Told {
  readonly event: string;
  readonly [fact: string]: unknown;
}

let dev: ChildProcess;
let endpoint: string;
let url: string;
const told: Told[] = [];
const { folder, remove } = devFolder();
const state = mkdtempSync(join(tmpdir(), 'waybill-dev-state-'));

const count = (event: string) => told.filter((one) => one.event === event).length;
const edit = (file: string, text: string, other: string) => {
  const path = join(folder, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(text, other));
};
const ask = async (path = '') => (await (await fetch(`${url}${path}`)).json()) as { version: number; id?: string };

beforeAll(async () => {
  dev = spawn(process.execPath, ['--conditions=waybill-source', join(root, 'bin', 'waybill.ts'), 'dev', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, WAYBILL_STATE_FOLDER: state },
  });
  if (dev.stdout) createInterface({ input: dev.stdout }).on('line', (line) => told.push(JSON.parse(line) as Told));
  await vi.waitUntil(() => count('deployed') > 0, { ...SOON, timeout: 120_000 });
  const { outputs } = told.find(({ event }) => event === 'deployed') as unknown as {
    outputs: { Packing: { PlaceOrderUrl: string } };
  };
  url = outputs.Packing.PlaceOrderUrl;
  endpoint = new URL(url).origin;
}, 180_000);

afterAll(async () => {
  dev?.kill('SIGKILL');
  await sharedEngine.stop(state);
  remove();
  rmSync(state, { recursive: true, force: true });
});

test('waybill dev deploys, and prints a function URL that opens', async () => {
  expect(await ask()).toEqual({ version: 1 });
});

test('a saved handler is live without a deployment, also by a file that it imports', async () => {
  edit('functions/version.ts', 'VERSION = 1', 'VERSION = 2');
  await expect.poll(() => ask(), SOON).toEqual({ version: 2 });
  const exchanged = { event: 'exchanged', entries: ['functions/place-order.ts'] };
  await expect.poll(() => told, SOON).toContainEqual(expect.objectContaining(exchanged));
  edit('functions/place-order.ts', 'version: VERSION', 'version: VERSION * 10');
  await expect.poll(() => ask(), SOON).toEqual({ version: 20 });
  expect(count('deployed')).toBe(1);
});

test('code that does not compile is told with its place, and what was live goes on', async () => {
  edit('functions/version.ts', 'VERSION = 2', 'VERSION = = 2');
  await expect.poll(() => count('failed'), SOON).toBe(1);
  expect(told.at(-1)?.error).toMatch(/place-order\.ts could not be bundled:[\s\S]*version\.ts:1:/);
  expect(await ask()).toEqual({ version: 20 });
  edit('functions/version.ts', 'VERSION = = 2', 'VERSION = 3');
  await expect.poll(() => ask(), SOON).toEqual({ version: 30 });
});

test('messages, what handlers log of them, and how they end stream by', async () => {
  const { id } = await ask('order-1');
  await expect
    .poll(() => told, SOON)
    .toContainEqual(expect.objectContaining({ event: 'ended', id, subscriber: 'pack-order', state: 'handled' }));
  expect(told).toContainEqual({ event: 'committed', id, type: 'order.placed', key: 'order-1' });
  await expect
    .poll(() => told, SOON)
    .toContainEqual(
      expect.objectContaining({ event: 'log', name: 'pack-order', text: expect.stringContaining('packing order-1') }),
    );
});

test('a changed stack is deployed, with handlers as they are now', async () => {
  edit('stack.ts', "'PlaceOrderUrl'", "'OrderUrl'");
  await expect.poll(() => count('deployed'), { ...SOON, timeout: 120_000 }).toBe(2);
  expect(told).toContainEqual({ event: 'redeploying', files: ['stack.ts'] });
  expect(told.findLast(({ event }) => event === 'deployed')?.outputs).toHaveProperty('Packing.OrderUrl');
  expect(await ask()).toEqual({ version: 30 });
});

test('a stack that cannot be synthesized is told, and the next save mends it', async () => {
  const failures = count('failed');
  edit('stack.ts', "'OrderUrl'", 'missing');
  await expect.poll(() => count('failed'), { ...SOON, timeout: 120_000 }).toBe(failures + 1);
  expect(told.findLast(({ event }) => event === 'failed')?.error).toContain('missing is not defined');
  edit('stack.ts', 'missing', "'OrderUrl'");
  await expect.poll(() => count('deployed'), { ...SOON, timeout: 120_000 }).toBe(3);
});

test('Ctrl-C ends the engine with everything', async () => {
  dev.kill('SIGINT');
  const [code] = await once(dev, 'close');
  expect(code).toBe(0);
  await expect(fetch(endpoint)).rejects.toThrow();
  expect(sharedEngine.read(state)).toBeUndefined();
});
