import { describe, expect, test } from 'vitest';
import { doors } from './doors.ts';
import { codeIn, sectionOf, tableRows, textOf } from './paper.ts';

const rows = tableRows(sectionOf('CHANGELOG.md', '## Unreleased')).map(([door = '', before = '', now = '']) => ({
  door: codeIn(door)[0] ?? '',
  before: codeIn(before),
  now: codeIn(now),
}));

test('CHANGELOG.md has a part for the version of the package', () => {
  const { version } = JSON.parse(textOf('package.json'));

  expect(textOf('CHANGELOG.md')).toContain(`\n## ${version}\n`);
});

describe('what CHANGELOG.md says of the doors is so', () => {
  test.for(rows)('$door: $before', ({ door, before, now }) => {
    const other = now.find((one) => doors.has(one));
    const wanted = other ? before : now;

    expect(before.filter((one) => doors.get(door)?.has(one) !== false)).toEqual([]);
    expect(wanted.filter((one) => !doors.get(other ?? door)?.has(one))).toEqual([]);
  });
});
