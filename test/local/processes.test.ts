import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { endProcessGroup, groupIsAlive, isAlive } from '../../lib/local/processes.ts';

/** A group whose leader and child both ignore SIGTERM, once it is ready. */
async function stubbornGroup(): Promise<number> {
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready');`;
  const leader = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { stdio: 'inherit' });
    process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', leader], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = child.pid ?? 0;
  onTestFinished(() => {
    if (groupIsAlive(pid)) process.kill(-pid, 'SIGKILL');
  });
  await once(child.stdout, 'data');
  return pid;
}

test.skipIf(process.platform === 'win32')('a group whose processes ignore SIGTERM is ended whole', async () => {
  const pid = await stubbornGroup();
  expect(groupIsAlive(pid)).toBe(true);
  await endProcessGroup(pid, 100);
  expect(isAlive(pid)).toBe(false);
  expect(groupIsAlive(pid)).toBe(false);
});

test('ending what has ended does nothing', async () => {
  const child = spawn(process.execPath, ['--version'], { detached: true, stdio: 'ignore' });
  await once(child, 'exit');
  await expect(endProcessGroup(child.pid ?? 0, 100)).resolves.toBeUndefined();
});

test.runIf(process.platform === 'linux')('a zombie is not alive', async () => {
  // The shell becomes a program that never collects its child.
  const parent = spawn('/bin/sh', ['-c', '/bin/true & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [output] = (await once(parent.stdout, 'data')) as [Buffer];
  const zombie = Number(output.toString());
  await expect.poll(() => isAlive(zombie)).toBe(false);
});
