import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withLock } from '../../scripts/setup/lock.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lockFile = join(root, '.waybill/set-up.lock');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-lock-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('set-ups that start at once take turns', async () => {
  const diary = join(folder, 'turns');

  await Promise.all([1, 2, 3].map(() => setUp(diary).ended));

  expect(await readFile(diary, 'utf8')).toBe('begin end '.repeat(3));
});

test('a lock that a killed set-up left is taken over, by one at a time', async () => {
  const diary = join(folder, 'killed');
  await leaveLock({ pid: await endedProcess() });

  await Promise.all([1, 2, 3].map(() => setUp(diary).ended));

  expect(await readFile(diary, 'utf8')).toBe('begin end '.repeat(3));
});

test('while the npm of a killed set-up lives, the next one waits', async () => {
  const diary = join(folder, 'orphan');
  const npm = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)']);
  await leaveLock({ pid: await endedProcess(), child: npm.pid });

  const next = setUp(diary);
  const first = await Promise.race([next.waits, next.ended]);
  npm.kill('SIGKILL');
  await next.ended;

  expect(first).toContain('waiting for another set-up');
  expect(await readFile(diary, 'utf8')).toBe('begin end ');
});

/** A lock as it is found after its holder was killed. Taken first, as a set-up of this repository may be at work. */
async function leaveLock(holder: { pid: number | undefined; child?: number | undefined }): Promise<void> {
  await withLock(() => writeFile(lockFile, JSON.stringify({ ...holder, host: hostname() })));
}

async function endedProcess(): Promise<number | undefined> {
  const ended = spawn(process.execPath, ['-e', '']);
  await once(ended, 'exit');
  return ended.pid;
}

/** A process that takes the lock, and writes into the diary when it has it and when it gives it back. */
function setUp(diary: string): { waits: Promise<string>; ended: Promise<string> } {
  const script = `
    import { appendFile } from 'node:fs/promises';
    import { withLock } from ${JSON.stringify(pathToFileURL(join(root, 'scripts/setup/lock.mjs')).href)};
    await withLock(async () => {
      await appendFile(${JSON.stringify(diary)}, 'begin ');
      await new Promise((resolve) => setTimeout(resolve, 50));
      await appendFile(${JSON.stringify(diary)}, 'end ');
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  return {
    waits: once(child.stderr, 'data').then(([message]) => String(message)),
    ended: once(child, 'exit').then(([code]) => `ended with ${code}`),
  };
}
