import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { reportFile, reportOf, reportPath } from '../../scripts/api/door-report.ts';
import { type Door, readPublicDoors } from '../../scripts/api/public-doors.ts';

/** What somebody can read through who has never used Waybill. */
const MOST_VALUES = 30;
const MOST_TYPES = 60;

let doors: Door[];
beforeAll(async () => {
  doors = await readPublicDoors();
});

test('the reports in api/ say what the doors export: `npm run api` writes them anew', () => {
  const outdated = doors.filter((door) => {
    const file = reportPath(door);
    return !existsSync(file) || readFileSync(file, 'utf8') !== reportOf(door);
  });

  expect(outdated.map(reportFile), 'the public API has changed: run `npm run api`, and review what it writes').toEqual(
    [],
  );
});

test('a name means the same thing at every door', () => {
  const symbols = new Map<string, Set<number>>();
  for (const { name, symbol } of doors.flatMap(({ names }) => names)) {
    symbols.set(name, (symbols.get(name) ?? new Set()).add(symbol));
  }
  const clashing = [...symbols].filter(([, meanings]) => meanings.size > 1).map(([name]) => name);

  expect(clashing).toEqual([]);
});

test('`waybill` itself is small enough to read through', () => {
  const names = doors.find(({ specifier }) => specifier === 'waybill')?.names ?? [];
  const values = names.filter(({ isValue }) => isValue).length;

  expect(names).not.toEqual([]);
  expect(values).toBeLessThanOrEqual(MOST_VALUES);
  expect(names.length - values).toBeLessThanOrEqual(MOST_TYPES);
});

test('every public name has a doc comment', () => {
  const bare = doors.flatMap(({ specifier, names }) =>
    names.filter(({ summary }) => summary === '').map(({ name }) => `${specifier}: ${name}`),
  );

  expect(bare).toEqual([]);
});
