import { expect, test } from 'vitest';
import { allCommands } from '../../../lib/cli/command-tree.ts';
import { describedCommands } from '../../../lib/cli/index.ts';
import { cliReference } from '../../../scripts/docs/cli-reference.ts';
import { papers, textOf } from './paper.ts';

const page = textOf('docs/cli.md');

test('docs/cli.md is what the commands say: `npm run cli-reference` writes it', () => {
  expect(page).toBe(cliReference(describedCommands()));
});

test('every command and every option of it is in the reference, with a description', () => {
  const commands = allCommands(describedCommands()).slice(1);
  const last = commands.filter((command) => command.commands.length === 0);
  expect(last.length).toBeGreaterThan(15);
  for (const { path, options, description } of last) {
    const [, section = ''] = page.split(`\n## ${path.join(' ')}\n`);
    const own = section.split('\n## ')[0] ?? '';
    expect({ path, description: description.length > 10 }).toEqual({ path, description: true });
    for (const option of options) {
      expect(own).toContain(`\`${option.flags}\``);
      expect({ path, option: option.name, isDescribed: option.description.length > 3 }).toEqual({
        path,
        option: option.name,
        isDescribed: true,
      });
    }
  }
});

test('every option that a paper gives to a command of waybill is one of that command', () => {
  const commands = allCommands(describedCommands());
  const strange = papers.flatMap((paper) =>
    [...textOf(paper).matchAll(/\bwaybill(?: --)? ([a-z][^`\n#|;&]*)/g)].flatMap(([whole, line = '']) => {
      const words = line
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '--');
      const { options } = commands.findLast(
        ({ path }) => path.length > 0 && path.every((word, index) => words[index] === word),
      ) ?? { options: [] };
      const known = options.flatMap(({ flags }) => [...flags.matchAll(/--?[\w-]+/g)].map(([flag]) => flag));
      const given = words.flatMap((word) => /^--[a-z][\w-]*/.exec(word)?.[0] ?? []);
      return given.filter((flag) => !known.includes(flag)).map((flag) => `${paper}: ${whole} has no ${flag}`);
    }),
  );

  expect(strange).toEqual([]);
});
