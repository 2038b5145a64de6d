import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { type InstalledApp, installApp } from './installed-app.ts';
import { runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '..', '..');

let app: InstalledApp;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  app = await installApp(async (folder) => {
    await run(
      ['init', folder, '--manager', 'npm', '--no-install', '--package', 'file:../waybill.tgz'],
      capturedContext(),
    );
  });
  const state = join(app.folder, '..', 'state');
  env = { ...app.env, WAYBILL_STATE_FOLDER: state, WAYBILL_ENGINE_FOLDER: join(root, '.venv'), CI: 'true' };
});

afterAll(async () => {
  if (app) await npm('run', '--silent', 'waybill', '--', 'down');
  await app?.remove();
});

const npm = (...parameters: string[]) => runCommand('npm', parameters, { cwd: app.folder, env });

test('the installed command makes the same application', async () => {
  const again = join(app.folder, '..', 'again', 'app');
  await npm('run', '--silent', 'waybill', '--', 'init', again, '--no-install', '--package', 'file:../waybill.tgz');
  const files = (await filesOf(again)).filter((file) => file !== 'package.json');
  expect(files).toEqual(
    expect.arrayContaining(['.gitignore', 'README.md', 'cdk.json', 'src/contract.ts', 'src/stack.ts', 'tsconfig.json']),
  );
  for (const file of files)
    expect(await readFile(join(again, file), 'utf8')).toBe(await readFile(join(app.folder, file), 'utf8'));
});

test('its tests and its certificate are green, and its types are right', async () => {
  expect(stripVTControlCharacters(await npm('test'))).toMatch(/Tests +4 passed/);
  await npm('run', 'check');
});

test('it is deployed to the embedded engine, and an order that is placed there takes effect', async () => {
  const outputs = JSON.parse(await npm('run', '--silent', 'deploy', '--', '--json')) as {
    Shop: { PlaceOrderUrl: string };
  };
  const place = (body: string) => fetch(outputs.Shop.PlaceOrderUrl, { method: 'POST', body });
  expect((await place('{"orderId":"1"}')).status).toBe(400);
  const placed = await place('{"orderId":"1","sku":"tea","quantity":2}');
  expect(placed.status).toBe(202);
  const { message } = (await placed.json()) as { message: string };
  const listed = async () => JSON.parse(await npm('run', '--silent', 'waybill', '--', 'ls', '--json')).messages;
  await expect
    .poll(listed, { timeout: 60_000, interval: 500 })
    .toMatchObject([{ id: message, subscribers: [{ subscriber: 'reserve-stock', state: 'handled' }] }]);
});

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(folder.length + 1)).sort();
}
