import { expect, test } from 'vitest';
import { codeIn, sectionOf, tableRows, textOf } from './paper.ts';

const page = 'CONTRIBUTING.md';
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };
const told = new Map(
  tableRows(sectionOf(page, '## The scripts')).map(([script = '', line = '']) => [nameIn(script), line]),
);

test('CONTRIBUTING.md has a line for every npm script, and for no other', () => {
  expect([...told.keys()].sort()).toEqual(Object.keys(scripts).sort());
  expect([...told].filter(([, line]) => line === '')).toEqual([]);
});

test('it marks the scripts that set up what is missing', () => {
  const marked = [...told].filter(([, line]) => line.startsWith('▸')).map(([name]) => name);
  const settingUp = Object.keys(scripts).filter((name) => scripts[name]?.startsWith('node scripts/run.mjs '));

  expect(marked.sort()).toEqual(settingUp.sort());
});

test('it names every project of the tests', () => {
  const projects = [...textOf('vitest.config.ts').matchAll(/\bname: '(\w+)'/g)].map(([, name]) => name);

  expect(
    tableRows(sectionOf(page, '## Tests'))
      .map(([name = '']) => codeIn(name)[0])
      .sort(),
  ).toEqual(projects.sort());
});

function nameIn(script: string): string {
  return (codeIn(script)[0] ?? '').replace(/^npm (?:run )?/, '');
}
