import { expect, test } from 'vitest';
import { codeIn, files, tableRows, textOf } from './paper.ts';

const sources = files.filter((file) => /^lib\/.*\.ts$/.test(file)).map(textOf);
const page = textOf('docs/errors.md');

test('docs/errors.md has a row for each code, with its class, and for no other', () => {
  const codes = sources.flatMap((source) =>
    [...source.matchAll(/class (\w+) extends WaybillError \{\s+readonly code = '([\w-]+)'/g)].map(
      ([, name, code]) => `${code} ${name}`,
    ),
  );
  const explained = tableRows(page).map(([code = '', name = '']) => `${codeIn(code)} ${codeIn(name)}`);

  expect(explained.sort()).toEqual(codes.sort());
});

test('every error of Waybill begins with its code, so that no code is overlooked', () => {
  const count = (pattern: RegExp) => sources.reduce((sum, source) => sum + [...source.matchAll(pattern)].length, 0);

  expect(count(/extends WaybillError\b/g)).toBe(tableRows(page).length);
  expect(count(/readonly code = '/g)).toBe(tableRows(page).length);
});

test('every row says when the error comes, and what to do', () => {
  expect(tableRows(page).filter((cells) => cells.length !== 4 || cells.includes(''))).toEqual([]);
});
