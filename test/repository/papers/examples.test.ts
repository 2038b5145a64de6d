import { expect, test } from 'vitest';
import { doors, namesIn } from './doors.ts';
import { files, papers, textOf } from './paper.ts';

test('what the code of a paper imports is exported', () => {
  const missing = papers.flatMap((paper) =>
    [...textOf(paper).matchAll(/^import (?:type )?\{([^}]*)\} from '(waybill[\w/]*)'/gm)].flatMap(
      ([, list = '', door = '']) =>
        namesIn(list)
          .filter((one) => !doors.get(door)?.has(one))
          .map((one) => `${paper}: ${one} from ${door}`),
    ),
  );

  expect(missing).toEqual([]);
});

test('every npm script that a paper names exists', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };

  expect(named(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g).filter(({ word }) => !(word in scripts))).toEqual([]);
});

test('every command of waybill that a paper names exists', () => {
  const sources = files.filter((file) => /^lib\/cli\/.*\.ts$/.test(file)).map(textOf);
  const commands = sources.flatMap((source) => [...source.matchAll(/\.command\('(\w+)'/g)].map(([, word]) => word));

  expect(named(/\bwaybill ([a-z]+)\b/g).filter(({ word }) => !commands.includes(word))).toEqual([]);
});

function named(pattern: RegExp): { readonly paper: string; readonly word: string }[] {
  return papers.flatMap((paper) => [...textOf(paper).matchAll(pattern)].map(([, word = '']) => ({ paper, word })));
}
