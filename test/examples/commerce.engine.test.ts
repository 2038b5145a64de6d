import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ProviderVerdict } from '../../demo/provider-audit.ts';
import type { Verdict } from '../../demo/verdict.ts';
import { assemblyOf } from '../assembly.ts';
import { processesNaming } from '../local/processes-naming.ts';

const root = join(import.meta.dirname, '..', '..');

/** Starts a program as npm's scripts do, beside whatever engine this repository shares. */
function start(folder: string, command: string[], environment: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, ['--conditions=waybill-source', ...command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, WAYBILL_STATE_FOLDER: folder, ...environment },
  });
}

function waybill(folder: string, ...parameters: string[]) {
  return run(folder, 'bin/waybill.ts', ...parameters);
}

/** Runs a program to its end. */
async function run(folder: string, ...command: string[]) {
  const child = start(folder, command);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}

async function demo(folder: string, ...parameters: string[]) {
  const { exitCode, stdout, stderr } = await run(folder, 'demo/index.ts', '--json', ...parameters);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('Nothing lost') });
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Verdict & { readonly provider: ProviderVerdict };
}

const folders: string[] = [];
async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-demo-'));
  folders.push(folder);
  return folder;
}
afterAll(async () => {
  for (const folder of folders) {
    await waybill(folder, 'down');
    await rm(folder, { recursive: true, force: true });
  }
});

test('every order takes effect once, with duplicates and poison on the wire, and the engine is ended', async () => {
  const folder = await stateFolder();
  const verdict = await demo(folder, '--count', '40', '--duplicates', '0.25', '--poison', '0.1');

  // 40 orders, 10 of them submitted twice, 40 payments, 40 reservations; 13 poison records in turn for four subscribers.
  expect(verdict).toEqual({
    committed: 130,
    subscribers: {
      'take-payment': { handled: 40, duplicates: expect.any(Number), deadLettered: 4 },
      'reserve-stock': { handled: 40, duplicates: expect.any(Number), deadLettered: 3 },
      'note-shipping': { handled: 40, duplicates: expect.any(Number), deadLettered: 3 },
      'count-sales': { handled: 40, duplicates: expect.any(Number), deadLettered: 3 },
    },
    lost: [],
    doubled: [],
    conserved: true,
    latencyMs: { p50: expect.any(Number), p99: expect.any(Number) },
    perMessage: { calls: expect.any(Number), writeUnits: expect.any(Number) },
    // By its own book, though it loses replies and answers with 500 what it has charged.
    provider: { charges: 40, doubled: [], missing: [] },
  });
  const { subscribers, latencyMs, perMessage } = verdict;
  // Ten business duplicates where orders arrive, and copies with the same id everywhere.
  expect(subscribers['take-payment']?.duplicates).toBeGreaterThan(10);
  expect(subscribers['count-sales']?.duplicates).toBeGreaterThan(10);
  expect(subscribers['reserve-stock']?.duplicates).toBeGreaterThan(0);
  expect(subscribers['note-shipping']?.duplicates).toBeGreaterThan(0);
  expect(latencyMs.p50).toBeGreaterThan(0);
  expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p50);
  // A message costs its producer or its publisher's transaction, its consumers' transactions and their share of the relay.
  expect(perMessage.calls).toBeGreaterThan(1);
  expect(perMessage.writeUnits).toBeGreaterThan(4);
  expect(existsSync(join(folder, 'engine.json'))).toBe(false);
});

test('a demo that is interrupted ends everything that it has started', async () => {
  const folder = await stateFolder();
  const CDK_APP = await assemblyOf('bin/app.ts', { disposable: 'true' });
  const child = start(folder, ['demo/index.ts', '--count', '40'], { CDK_APP });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    const wasDeploying = stderr.includes('Deploying');
    stderr += chunk;
    if (!wasDeploying && stderr.includes('Deploying')) child.kill('SIGINT');
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  expect({ exitCode, stderr }).toEqual({
    exitCode: 130,
    stderr: expect.stringMatching(/The engine is ended\nInterrupted: /),
  });
  const [log = ''] = await readdir(join(folder, 'logs'));
  expect(processesNaming(log.replace('.log', ''))).toEqual([]);
  expect(existsSync(join(folder, 'engine.json'))).toBe(false);
});
