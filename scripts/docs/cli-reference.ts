import { allCommands, type DescribedCommand, type DescribedOption } from '../../lib/cli/command-tree.ts';

/** The page of all commands. */
export function cliReference(program: DescribedCommand): string {
  const commands = allCommands(program)
    .slice(1)
    .filter((command) => command.commands.length === 0);
  return [
    '# Command line',
    '',
    'Every command of `waybill`, as `waybill <command> --help` says it. This page is written by `npm run cli-reference`.',
    '',
    ...table(
      ['command', ''],
      commands.map(({ path, description }) => [`[${path.join(' ')}](#${path.join('-')})`, description]),
    ),
    '',
    'The exit code is 0, or 1 where a command failed or found what it was asked to look for, 2 where the command line is wrong, and 128 and the ' +
      "signal's number where a signal ended it. Results go to stdout, progress and errors to stderr. [Errors](errors.md) explains every code.",
    ...commands.flatMap(section),
    '',
    '## Environment and examples',
    '',
    ...fenced(program.notes),
    '',
  ].join('\n');
}

function section({ path, description, arguments: given, options, notes }: DescribedCommand): string[] {
  const usage = ['waybill', ...path, ...given.map((one) => one.usage), '[options]'].join(' ');
  const rows = [
    ...given.map((one) => [code(one.usage), cell(one.description, one.choices)]),
    ...options.map((option) => [code(option.flags), cell(option.description, option.choices, suffix(option))]),
  ];
  return [
    '',
    `## ${path.join(' ')}`,
    '',
    `${sentence(description)}`,
    '',
    ...fenced(usage, 'sh'),
    '',
    ...table(['', ''], rows),
    ...(notes ? ['', ...fenced(notes)] : []),
  ];
}

function suffix({ isRequired, default: value }: DescribedOption): string {
  return `${isRequired ? ' (required)' : ''}${value === undefined || value === 'true' ? '' : `; default: ${value}`}`;
}

function cell(description: string, choices: readonly string[], more = ''): string {
  const among = choices.length > 0 ? `: ${choices.map((choice) => code(choice)).join(', ')}` : '';
  return `${description}${among}${more}`.replaceAll('|', '\\|');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
}

function fenced(text: string, language = 'text'): string[] {
  return [`\`\`\`${language}`, text, '```'];
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
