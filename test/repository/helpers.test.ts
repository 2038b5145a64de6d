import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
/** Lines that the helpers of all tests may have together: a test should teach Waybill's own testing API. */
const MOST_LINES = 8_600;

test(`what tests are helped by has at most ${MOST_LINES} lines`, () => {
  const listed = execFileSync('git', ['ls-files', 'test'], { cwd: root, encoding: 'utf8' }).split('\n');
  const helpers = listed
    .filter((path) => /\.(ts|mjs|js)$/.test(path) && !CASES.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => !/^\s*(test|it|describe)(\.\w+)*\(/m.test(text))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
  const longest = helpers.toSorted((one, other) => other.lines - one.lines).slice(0, 10);
  const sum = helpers.reduce((total, { lines }) => total + lines, 0);
  expect(sum, longest.map(({ path, lines }) => `${lines} ${path}`).join('\n')).toBeLessThanOrEqual(MOST_LINES);
});

/** Tests, tables of cases that a test goes through one by one, models that it explores, and settings: no helpers. */
const CASES =
  /\.(test|test-d|cases|hunt)\.ts$|\/model\/[\w-]+-model\.ts$|\/planted-bugs\/[\w-]+-bugs\.ts$|\/mutants\/|vitest\.config\.ts$/;
