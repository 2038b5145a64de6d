import { expect, test } from 'vitest';
import { ROOMS } from '../../../scripts/lint/rooms.mjs';
import { codeIn, files, sectionOf, tableRows } from './paper.ts';

const page = 'ARCHITECTURE.md';
const rooms = sectionOf(page, '## The rooms');
const road = sectionOf(page, '## The road of a message');

/** Names of the page that stand for several rooms. */
const groups = new Map<string, string[]>();
for (const [, name = '', members = ''] of rooms.matchAll(/^- \*\*([\w ]+)\*\*: ([^.]*)\./gm)) {
  groups.set(name, membersOf(members));
}

test('the table of ARCHITECTURE.md says of each room what it may import, as the linter does', () => {
  const told = tableRows(rooms).map(([room = '', , imports = '']) => [codeIn(room)[0], membersOf(imports).sort()]);
  const enforced = Object.entries(ROOMS).map(([room, { imports, files: single = [] }]) => [
    room,
    [...imports, ...single].sort(),
  ]);

  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(enforced));
});

test('the picture shows every room', () => {
  expect([...new Set(arrows().flatMap(({ from, to }) => [from, to]))].sort()).toEqual(Object.keys(ROOMS).sort());
});

test('each arrow of the picture is an import that the linter allows', () => {
  const refused = arrows().filter(({ from, to, file }) => {
    const { imports = [], files: single = [] } = ROOMS[from] ?? {};
    return file === undefined ? !imports.includes(to) : !single.includes(`${to}/${file}`);
  });

  expect(refused).toEqual([]);
});

test('what a room may import can be reached by arrows', () => {
  const unreachable = Object.entries(ROOMS).flatMap(([room, { imports }]) => {
    const reached = new Set([room]);
    for (const from of reached) {
      for (const arrow of arrows()) if (arrow.from === from && arrow.file === undefined) reached.add(arrow.to);
    }
    return imports.filter((other) => !reached.has(other)).map((other) => `${room} → ${other}`);
  });

  expect(unreachable).toEqual([]);
});

test('the road of a message is at most 18 files, and all of them exist', () => {
  const onTheRoad = new Set(
    [...road.matchAll(/^\d+\. .*$/gm)].flatMap(([step]) => codeIn(step).filter((code) => code.endsWith('.ts'))),
  );

  expect(onTheRoad.size).toBeGreaterThan(0);
  expect(onTheRoad.size).toBeLessThanOrEqual(18);
  expect([...onTheRoad].filter((file) => !files.includes(file))).toEqual([]);
});

/** `pure, `aws`` and the like, with the members of each group in its place. */
function membersOf(text: string): string[] {
  const members = text.split(',').flatMap((part) => groups.get(part.trim()) ?? codeIn(part));
  return [...new Set(members)];
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Of a dotted arrow: the only file that is imported. */
  readonly file: string | undefined;
}

function arrows(): Arrow[] {
  const picture = /```mermaid\n([\s\S]*?)```/.exec(rooms)?.[1] ?? '';
  return [...picture.matchAll(/^ +(.*?) (?:-->|-\.->\|(\S+)\|) (.*)$/gm)].flatMap(([, left = '', file, right = '']) =>
    left.split(' & ').flatMap((from) => right.split(' & ').map((to): Arrow => ({ from, to, file }))),
  );
}
