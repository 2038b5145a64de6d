import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newApp } from '../../../lib/cli/new-app.ts';
import { doors, namesIn } from './doors.ts';
import { files, papers, root, textOf } from './paper.ts';

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

  const app = { name: 'shop', manager: 'npm', cjs: false, jest: false } as const;
  const made = JSON.parse(newApp(join(root, 'templates/app'), app)['package.json'] ?? '') as { scripts: object };

  const named = wordsAfter(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g);
  const gone = named.filter(({ paper, word }) => !(word in (paper === 'docs/start.md' ? made.scripts : scripts)));
  expect(gone).toEqual([]);
});

test('every command of waybill that a paper names exists', () => {
  const sources = files.filter((file) => /^lib\/cli\/.*\.ts$/.test(file)).map(textOf);
  const commands = sources.flatMap((source) => [...source.matchAll(/\.command\('(\w+)'/g)].map(([, word]) => word));

  expect(wordsAfter(/\bwaybill ([a-z]+)\b/g).filter(({ word }) => !commands.includes(word))).toEqual([]);
});

function wordsAfter(pattern: RegExp): { readonly paper: string; readonly word: string }[] {
  return papers.flatMap((paper) => [...textOf(paper).matchAll(pattern)].map(([, word = '']) => ({ paper, word })));
}
