import { Argument, type Command } from 'commander';
import { type CommandContext, print } from './command-context.ts';
import { allCommands, type DescribedCommand, describeCommand } from './command-tree.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Adds `waybill completion`: the script by which a shell completes commands, options and their choices. */
export function addCompletion(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .description('print the script by which a shell completes the commands and options of waybill')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  $ echo 'eval "$(waybill completion bash)"' >> ~/.bashrc
  $ echo 'eval "$(waybill completion zsh)"' >> ~/.zshrc       after compinit
  $ waybill completion fish > ~/.config/fish/completions/waybill.fish`,
    )
    .action((shell: (typeof SHELLS)[number]) => print(context, SCRIPTS[shell](describeCommand(program))));
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (program: DescribedCommand) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** A word that may come next, and what it means. */
type Word = readonly [word: string, meaning: string];

/** What may come next behind a command. */
function wordsOf({ commands, options, arguments: given }: DescribedCommand): Word[] {
  return [
    ...commands.map(({ path, description }): Word => [path.at(-1) ?? '', description]),
    ...given.flatMap(({ choices, description }) => choices.map((choice): Word => [choice, description])),
    ...options.map(({ name, description }): Word => [name, description]),
  ];
}

/** Commands as the scripts find them: each word of the path behind a space. */
function placeOf({ path }: DescribedCommand): string {
  return path.map((word) => ` ${word}`).join('');
}

/** Where options take one of a few values: the place and the option, and the values. */
function choicesIn(program: DescribedCommand): (readonly [place: string, choices: readonly string[]])[] {
  return allCommands(program).flatMap((command) =>
    command.options
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => [`${placeOf(command)} ${name}`, choices] as const),
  );
}

/** In bash and zsh: single quotes, whatever is in the text. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The lines that walk over the words before the cursor, and leave the place of the command in `at`. */
function walk(program: DescribedCommand, words: string): string {
  const places = allCommands(program).slice(1).map(placeOf).map(quoted).join('|');
  return `for word in ${words}; do
    case "$at $word" in
      ${places}) at="$at $word" ;;
    esac
  done`;
}

function bashScript(program: DescribedCommand): string {
  const reply = (words: readonly string[]) => `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`;
  const choices = choicesIn(program).map(([place, values]) => `    ${quoted(place)}) ${reply(values)}; return ;;`);
  const commands = allCommands(program).map((command) => {
    return `    ${quoted(placeOf(command))}) ${reply(wordsOf(command).map(([word]) => word))} ;;`;
  });
  return `_waybill() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at= word
  ${walk(program, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  case "$at $prev" in
${choices.join('\n')}
  esac
  case "$at" in
${commands.join('\n')}
  esac
}
complete -o default -F _waybill waybill`;
}

function zshScript(program: DescribedCommand): string {
  const described = ([word, meaning]: Word) => quoted(`${word.replaceAll(':', '\\:')}:${meaning}`);
  const choices = choicesIn(program).map(
    ([place, values]) => `    ${quoted(place)}) compadd -- ${values.map(quoted).join(' ')}; return ;;`,
  );
  const commands = allCommands(program).map((command) => {
    return `    ${quoted(placeOf(command))}) found=(${wordsOf(command).map(described).join(' ')}) ;;`;
  });
  return `#compdef waybill
_waybill() {
  local at= word
  local -a found
  ${walk(program, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$at \${words[CURRENT-1]}" in
${choices.join('\n')}
  esac
  case "$at" in
${commands.join('\n')}
  esac
  _describe waybill found || _files
}
if [ "\${funcstack[1]}" = _waybill ]; then _waybill "$@"; else compdef _waybill waybill; fi`;
}

function fishScript(program: DescribedCommand): string {
  const text = (given: string) => `'${given.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const places = allCommands(program).slice(1).map(placeOf).map(text).join(' ');
  const lines = allCommands(program).flatMap((command) => {
    const here = `complete -c waybill -n ${text(`test "$(__waybill_place)" = "${placeOf(command)}"`)}`;
    return [
      ...wordsOf(command)
        .filter(([word]) => !word.startsWith('-'))
        .map(([word, meaning]) => `${here} -f -a ${text(word)} -d ${text(meaning)}`),
      ...command.options.map(({ name, description, takesValue, choices }) => {
        const values = choices.length > 0 ? ` -x -a ${text(choices.join(' '))}` : takesValue ? ' -r' : '';
        const flag = name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
        return `${here} ${flag}${values} -d ${text(description)}`;
      }),
    ];
  });
  return `function __waybill_place
  set -l at ''
  for word in (commandline -opc)[2..]
    switch "$at $word"
      case ${places}
        set at "$at $word"
    end
  end
  echo "$at"
end
${lines.join('\n')}`;
}
