import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lastLines, runCommand } from '../../lib/local/command.ts';
import { isAlive } from '../../lib/local/processes.ts';
import { temporaryFolder } from './fake-program.ts';

const run = (source: string, options = {}) => runCommand(process.execPath, ['-e', source], options);

test('the exit code and the lines of both streams come back, however they were cut', async () => {
  const told: string[] = [];
  const result = await run(
    `process.stdout.write('one\\r\\ntw'); process.stderr.write(''); process.stdout.write('o\\nthree'); process.exitCode = 7;`,
    { onLine: (line: string) => told.push(line) },
  );
  expect(result).toEqual({ exitCode: 7, lines: ['one', 'two', 'three'] });
  expect(told).toEqual(['one', 'two', 'three']);
});

test('a line ends where a terminal ends it, and nowhere else', async () => {
  const { lines } = await run(
    `process.stdout.write('one\\r'); process.stdout.write('two \\u2028 \\u2029 \\u0085\\n\\nfour\\r')`,
  );
  expect(lines).toEqual(['one', 'two \u2028 \u2029 \u0085', '', 'four']);
});

test('a program that is not there has no exit code', async () => {
  const { exitCode, lines } = await runCommand('no-such-program', []);
  expect(exitCode).toBeUndefined();
  expect(lines.join()).toContain('ENOENT');
});

test('a program that takes too long is ended', async () => {
  await expect(run('setInterval(() => {}, 1000)', { timeoutMs: 200 })).resolves.toMatchObject({ exitCode: undefined });
});

test('a program that is stopped takes along what it has started, even what ignores SIGTERM', async () => {
  const mark = join(temporaryFolder(), 'child');
  const child = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
    require('node:fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid));`;
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const stop = new AbortController();
  const result = run(parent, { signal: stop.signal });
  await expect.poll(() => existsSync(mark) && readFileSync(mark, 'utf8') !== '', { timeout: 20_000 }).toBe(true);
  stop.abort();
  await expect(result).resolves.toMatchObject({ exitCode: undefined });
  // What was killed is there until the system has noticed.
  await expect.poll(() => isAlive(Number(readFileSync(mark, 'utf8'))), { timeout: 20_000 }).toBe(false);
});

test('the last lines are those that say something', () => {
  expect(lastLines(['first', '', 'second', '  ', 'third'], 2)).toBe('second\nthird');
});
