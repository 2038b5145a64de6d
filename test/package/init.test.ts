import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { changed, type Step, tutorialIn } from '../../scripts/docs/tutorial.ts';
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

describe('every step of docs/start.md does what the page says', () => {
  const said = new Map<string, string>();
  const parts = tutorialIn(readFileSync(join(root, 'docs/start.md'), 'utf8')).slice(1);

  test.for(parts)('$heading', async ({ steps }) => {
    for (const step of steps) await take(step);
    expect(steps.length).toBeGreaterThan(0);
  });

  test('its tests and its certificate were green, before and after', () => {
    expect(said.get('npm test')).toMatch(/Tests +4 passed[\s\S]*Tests +5 passed/);
  });

  test('the order took effect at both subscribers, and its chain is drawn', () => {
    const { message } = JSON.parse(said.get(commandOf('curl')) ?? '') as { message: string };
    expect(said.get('npx waybill ls')).toMatch(new RegExp(`stock.reserved[\\s\\S]*${message}`));
    expect(said.get('npx waybill trace --key 1')).toMatch(/reserve-stock .*handled[\s\S]*count-sales .*handled/);
    expect(said.get('npx waybill reconcile')).toContain('Nothing is missing');
  });

  /** What the page's commands leave out is what the tests have done already: nothing but the installation. */
  async function take(step: Step): Promise<void> {
    if (step.kind === 'run') {
      if (step.command === 'npx waybill ls') await expect.poll(ends, { timeout: 60_000, interval: 500 }).toEqual(BOTH);
      const command = step.command.replace('<PlaceOrderUrl>', placeOrderUrl());
      const printed = stripVTControlCharacters(await runCommand('sh', ['-c', command], { cwd: app.folder, env }));
      said.set(step.command, (said.get(step.command) ?? '') + printed);
      return;
    }
    const file = join(app.folder, step.path);
    await writeFile(file, step.kind === 'write' ? step.text : changed(await readFile(file, 'utf8'), step));
  }

  const BOTH = ['reserve-stock handled', 'count-sales handled'];
  const ends = async () => {
    const { messages } = JSON.parse(await npm('run', '--silent', 'waybill', '--', 'ls', '--json')) as Listed;
    return messages
      .flatMap(({ subscribers }) => subscribers.map((one) => `${one.subscriber} ${one.state}`))
      .sort()
      .reverse();
  };
  const placeOrderUrl = () => /PlaceOrderUrl\W+(http\S+)/.exec(said.get('npm run deploy') ?? '')?.[1] ?? '';
  const commandOf = (program: string) => [...said.keys()].find((command) => command.startsWith(program)) ?? '';
});

interface Listed {
  readonly messages: readonly {
    readonly subscribers: readonly { readonly subscriber: string; readonly state: string }[];
  }[];
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(folder.length + 1)).sort();
}
