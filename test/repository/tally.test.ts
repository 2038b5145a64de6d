import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTallies, readTally, TALLY_FILE, tallyLines } from '../../scripts/tally.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the repository, so that the tests of these tests find vitest. */
const cache = join(root, 'node_modules/.cache/waybill');

const files = {
  passing: "test('a', () => {}); test('b', () => {});",
  failing: "test('a', () => {}); test('b', () => { throw new Error('no'); });",
  skipping: "test('a', () => {}); test.skip('b', () => {}); test.todo('c');",
  broken: "throw new Error('does not load');",
  unhandled: "test('a', () => { Promise.reject(new Error('nobody catches this')); });",
  empty: '',
};

let folder: string;

beforeAll(async () => {
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'tally-test-'));
  await writeFile(join(folder, 'vitest.config.js'), 'export default { test: { exclude: [] } };');
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, `${name}.test.js`), `import { test } from 'vitest';\n${content}\n`);
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.for<[run: string, names: (keyof typeof files)[], line: string, code: number]>([
  ['passes', ['passing'], '2 passed, 0 failed', 0],
  ['fails', ['passing', 'failing'], '3 passed, 1 failed', 1],
  ['skips', ['skipping'], '1 passed, 0 failed, 2 skipped', 0],
  ['has a file that does not load', ['passing', 'broken'], '2 passed, 1 failed', 1],
  ['leaves an error unhandled', ['unhandled'], '1 passed, 1 failed', 1],
  ['has a file without tests', ['passing', 'empty'], '2 passed, 1 failed', 1],
])('a run that %s ends with its count, alone on the last line', async ([, names, line, code]) => {
  expect(await lastLineOf(names)).toEqual({ line, code });
});

test('a run that finds no test at all has failed', async () => {
  expect(await lastLineOf([], 'no-such-file')).toEqual({ line: '0 passed, 1 failed', code: 1 });
});

test.for<[run: string, names: (keyof typeof files)[], failure: string]>([
  ['fails', ['failing'], 'failing.test.js > b: no'],
  ['has a file that does not load', ['broken'], 'broken.test.js: does not load'],
  ['leaves an error unhandled', ['unhandled'], 'an error that nothing handles: nobody catches this'],
])('a run that %s says above its count what failed', async ([, names, failure]) => {
  const file = join(folder, 'told.json');
  const { code } = await lastLineOf(names, undefined, file);
  expect(readTally(file, code ?? 1).failures).toEqual([failure]);
});

test('lanes that ran side by side are counted together', async () => {
  const lanes = [['passing'], ['failing'], ['skipping']] as const;
  const tallies = await Promise.all(
    lanes.map(async (names, lane) => {
      const file = join(folder, `${lane}.json`);
      const { code } = await lastLineOf([...names], undefined, file);
      return readTally(file, code ?? 1);
    }),
  );
  expect(tallyLines(addTallies(tallies))).toBe('failed: failing.test.js > b: no\n4 passed, 1 failed, 2 skipped');
});

test('a lane that wrote no count, or ended with an error that it did not count, has failed', async () => {
  expect(readTally(join(folder, 'none.json'), 0)).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
  const file = join(folder, 'some.json');
  await writeFile(file, JSON.stringify({ passed: 3, failed: 0, skipped: 0 }));
  expect(readTally(file, 1)).toMatchObject({ passed: 3, failed: 1, skipped: 0, failures: ['a lane ended with 1'] });
});

async function lastLineOf(
  names: string[],
  filter?: string,
  tallyFile = '',
): Promise<{ line: string | undefined; code: number | null }> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/tally-reporter.mjs')}`];
  const filters = filter === undefined ? names.map((name) => `${name}.test.js`) : [filter];
  const args = [vitest, 'run', '--root', folder, ...reporters, ...filters];
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: folder, env: { ...process.env, [TALLY_FILE]: tallyFile } },
      (_, stdout) => {
        resolve({ line: stdout.trimEnd().split('\n').at(-1), code: child.exitCode });
      },
    );
  });
}
