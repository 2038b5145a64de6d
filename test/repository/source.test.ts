import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the types of everything agree', async () => {
  expect(await run('node_modules/typescript/bin/tsc', '--noEmit', '--pretty', 'false')).toBe('');
});

test('everything is formatted and passes the linter', async () => {
  expect(await run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--colors=off')).toBe('');
});

test('imports make no cycle, need nothing undeclared, and no promise is left to itself', async () => {
  // Rules that follow imports and types. They cost seconds, so they are not in the settings for single files and editors.
  const lint = ['lint', '--error-on-warnings', '--colors=off', '--config-path=biome.deep.json'];
  expect(await run('node_modules/@biomejs/biome/bin/biome', ...lint)).toBe('');
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
