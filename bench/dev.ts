/**
 * How long a saved handler takes until it answers, under `waybill dev`: `npm run bench -- dev [--saves N] [--json]`. Fails where
 * the median is above its mark.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { devFolder } from '../test/cli/dev-folder.ts';

const MARK_MS = 2_000;
const { values } = parseArgs({ options: { saves: { type: 'string', default: '20' }, json: { type: 'boolean' } } });
const saves = Number(values.saves);
const root = join(import.meta.dirname, '..');
const { folder, remove } = devFolder();
const state = mkdtempSync(join(tmpdir(), 'waybill-dev-bench-'));
const dev = spawn(process.execPath, ['--conditions=waybill-source', join(root, 'bin', 'waybill.ts'), 'dev', '--json'], {
  cwd: folder,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, AWS_ENDPOINT_URL: '', WAYBILL_STATE_FOLDER: state },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => dev.kill('SIGINT'));

const ended = new Promise<void>((resolve) => dev.once('exit', () => resolve()));
try {
  const url = await deployedUrl();
  const taken: number[] = [];
  for (let save = 1; save <= saves; save++) taken.push(await saveToLive(url, save + 1));
  taken.sort((one, other) => one - other);
  const median = ((taken[Math.floor((saves - 1) / 2)] ?? 0) + (taken[Math.ceil((saves - 1) / 2)] ?? 0)) / 2;
  const result = { saves, medianMs: Math.round(median), maxMs: Math.round(taken.at(-1) ?? 0), markMs: MARK_MS };
  if (values.json) console.log(JSON.stringify(result));
  else
    console.log(`save to live, of ${saves}: median ${result.medianMs} ms, max ${result.maxMs} ms; mark ${MARK_MS} ms`);
  if (median > MARK_MS) process.exitCode = 1;
} finally {
  dev.kill('SIGINT');
  await ended;
  remove();
  rmSync(state, { recursive: true, force: true });
}

async function deployedUrl(): Promise<string> {
  for await (const line of createInterface({ input: dev.stdout })) {
    const told = JSON.parse(line) as {
      event: string;
      error?: string;
      outputs?: Record<string, { PlaceOrderUrl?: string }>;
    };
    const url = told.outputs?.Packing?.PlaceOrderUrl;
    if (told.event === 'failed') throw new Error(told.error);
    // Whatever else it says is let go, so that it never waits to say it.
    if (url) {
      dev.stdout.resume();
      return url;
    }
  }
  throw new Error('`waybill dev` has ended.');
}

async function saveToLive(url: string, version: number): Promise<number> {
  const started = performance.now();
  writeFileSync(join(folder, 'functions', 'version.ts'), `export const VERSION = ${version};\n`);
  for (;;) {
    const answer = (await (await fetch(url)).json()) as { version: number };
    if (answer.version === version) return performance.now() - started;
    await sleep(20);
  }
}
