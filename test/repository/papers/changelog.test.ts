import { describe, expect, test } from 'vitest';
import { codeIn, sectionOf, tableRows, textOf } from './paper.ts';

const { name, version, exports: entries } = JSON.parse(textOf('package.json'));
const unreleased = sectionOf('CHANGELOG.md', '## Unreleased');

/** What each door exports: the text of its file. */
const doors = new Map<string, string>(
  Object.entries(entries as Record<string, { 'waybill-source'?: string }>).flatMap(
    ([entry, { 'waybill-source': file }]) =>
      file === undefined ? [] : [[entry.replace('.', name), textOf(file.replace('./', ''))] as const],
  ),
);

const rows = tableRows(unreleased).map(([door = '', before = '', now = '']) => ({
  door: codeIn(door)[0] ?? '',
  before: codeIn(before),
  now: codeIn(now),
}));

test('CHANGELOG.md has a part for the version of the package', () => {
  expect(textOf('CHANGELOG.md')).toContain(`\n## ${version}\n`);
});

describe('what CHANGELOG.md says of the doors is so', () => {
  test.for(rows)('$door: $before', ({ door, before, now }) => {
    const moved = now.find((one) => doors.has(one));
    const gone = before.filter((one) => !isExported(door, one));
    const there = (moved ? before : now).filter((one) => isExported(moved ?? door, one));

    expect(gone).toEqual(before);
    expect(there).toEqual(moved ? before : now);
  });
});

function isExported(door: string, one: string): boolean {
  const text = doors.get(door);
  if (text === undefined) throw new Error(`There is no door '${door}'`);
  return new RegExp(`\\b${one}\\b`).test(text);
}
