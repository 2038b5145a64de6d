import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('everything is formatted and passes the linter; imports make no cycle, need nothing undeclared, and no promise is left to itself', async () => {
  // The settings for single files and editors, and rules that follow imports and types, which cost seconds.
  const check = ['check', '--error-on-warnings', '--colors=off', '--config-path=biome.deep.json'];
  expect(await run('node_modules/@biomejs/biome/bin/biome', ...check)).toBe('');
});

test('a set-up with nothing to do says nothing and prints nothing to stdout', async () => {
  await promisify(execFile)(process.execPath, ['scripts/setup.mjs'], { cwd: root });

  const again = await promisify(execFile)(process.execPath, ['scripts/setup.mjs'], { cwd: root });

  expect(again).toEqual({ stdout: '', stderr: '' });
});

/** What a program complains about; nothing where it succeeds. */
async function run(program: string, ...args: string[]): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [join(root, program), ...args], { cwd: root, maxBuffer: 2 ** 26 });
    return '';
  } catch (failure) {
    const { stdout, stderr } = failure as { stdout: string; stderr: string };
    return `${stdout}${stderr}` || String(failure);
  }
}
