import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allCommands } from '../../lib/cli/command-tree.ts';
import { describedCommands, run } from '../../lib/cli/index.ts';
import { temporaryFolder } from '../local/fake-program.ts';
import { capturedContext } from './captured-context.ts';

async function script(shell: string): Promise<string> {
  const context = capturedContext();
  expect(await run(['completion', shell], context)).toBe(0);
  return context.stdout();
}

/** What bash offers behind a line. */
async function offered(line: string): Promise<string[]> {
  const file = join(temporaryFolder(), 'completion.bash');
  writeFileSync(file, await script('bash'));
  const words = line.split(' ');
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const code = `source '${file}'; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _waybill; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', code], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

const commands = allCommands(describedCommands());

test('bash completes every command and every option of each', async () => {
  for (const command of commands) {
    const line = ['waybill', ...command.path].join(' ');
    expect(await offered(`${line} --`)).toEqual(
      command.options.map(({ name }) => name).filter((name) => name.length > 2),
    );
    expect(await offered(`${line} `)).toEqual(expect.arrayContaining(command.commands.map(({ path }) => path.at(-1))));
  }
});

test('bash completes the choices of options and arguments, and what has begun', async () => {
  expect(await offered('waybill ls --state un')).toEqual(['unjudged']);
  expect(await offered('waybill up --engine ')).toEqual(['embedded', 'localstack']);
  expect(await offered('waybill completion f')).toEqual(['fish']);
  expect(await offered('waybill rec')).toEqual(['reconcile']);
  expect(await offered('waybill subscriber remove take-payment --che')).toEqual(['--check']);
});

test.each(['zsh', 'fish'])('the script for %s names every command and option', async (shell) => {
  const text = await script(shell);
  for (const { path, options } of commands) {
    for (const word of path) expect(text).toContain(word);
    for (const { name, description } of options) {
      expect(text).toContain(shell === 'fish' && name.startsWith('--') ? `-l ${name.slice(2)} ` : name);
      expect(text.replaceAll("'\\''", "'").replaceAll("\\'", "'")).toContain(description);
    }
  }
});

test('an unknown shell is refused with the ones that are known', async () => {
  const context = capturedContext();
  expect(await run(['completion', 'tcsh'], context)).toBe(2);
  expect(context.stderr()).toContain('Allowed choices are bash, zsh, fish');
});
