import { spawnSync } from 'node:child_process';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withLock } from '../../lib/local/lock.ts';
import { temporaryFolder } from './fake-program.ts';

test('of several that want the lock, one at a time has it', async () => {
  const file = join(temporaryFolder(), 'lock');
  let inside = 0;
  let most = 0;
  const enter = () =>
    withLock(file, async () => {
      most = Math.max(most, ++inside);
      for (let turns = 0; turns < 20; turns++) await turn();
      inside--;
    });
  await Promise.all([enter(), enter(), enter(), enter()]);
  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

test('who waits is told so once', async () => {
  const file = join(temporaryFolder(), 'lock');
  const told: string[] = [];
  let release = () => {};
  const first = withLock(file, () => new Promise<void>((resolve) => (release = resolve)));
  const second = withLock(
    file,
    async () => 'in',
    () => {
      told.push('waiting');
      release();
    },
  );
  await first;
  await expect(second).resolves.toBe('in');
  expect(told).toEqual(['waiting']);
});

test('the lock of a process that died is taken over', async () => {
  const file = join(temporaryFolder(), 'lock');
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(file, JSON.stringify({ pid, token: 'of the dead' }));
  await expect(withLock(file, async () => 'in')).resolves.toBe('in');
});

test('a lock that nobody has touched for minutes is taken over, whoever has its process number now', async () => {
  const file = join(temporaryFolder(), 'lock');
  writeFileSync(file, JSON.stringify({ pid: process.pid, token: 'old' }));
  const longAgo = new Date(Date.now() - 600_000);
  utimesSync(file, longAgo, longAgo);
  await expect(withLock(file, async () => 'in')).resolves.toBe('in');
});

test('an action that throws gives the lock back', async () => {
  const file = join(temporaryFolder(), 'lock');
  await expect(
    withLock(file, async () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});
