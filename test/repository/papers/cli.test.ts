import { expect, test } from 'vitest';
import { allCommands } from '../../../lib/cli/command-tree.ts';
import { describedCommands } from '../../../lib/cli/index.ts';
import { cliReference } from '../../../scripts/docs/cli-reference.ts';
import { textOf } from './paper.ts';

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
