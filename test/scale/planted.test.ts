import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scaleBugs } from '../planted-bugs/scale-bugs.ts';
import { drills } from '../planted-bugs/scale-drills.cases.ts';

test.each(scaleBugs.flatMap(({ name, edits }) => edits.map(({ file, find }) => [name, file, find] as const)))(
  'the bug %s can still be planted into %s',
  (_, file, find) => {
    const source = readFileSync(new URL(`../../lib/${file}`, import.meta.url), 'utf8');
    expect(source.split(find)).toHaveLength(2);
  },
);

test('the drills that find them find nothing in the code as it is written', async () => {
  for (const drill of Object.values(drills)) expect(await drill()).toEqual([]);
});
