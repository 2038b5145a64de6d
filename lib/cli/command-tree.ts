import type { Argument, Command, Option } from 'commander';

/** A command as help, completion and the reference describe it. */
export interface DescribedCommand {
  /** The words by which it is called: none of `waybill` itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly arguments: readonly DescribedArgument[];
  readonly options: readonly DescribedOption[];
  /** What its help says below the options, such as examples. */
  readonly notes: string;
  readonly commands: readonly DescribedCommand[];
}

export interface DescribedArgument {
  /** As in its usage: `<id>`, `[name]`. */
  readonly usage: string;
  readonly description: string;
  readonly choices: readonly string[];
}

export interface DescribedOption {
  /** As in its help: `--state <states...>`. */
  readonly flags: string;
  /** `--state`. */
  readonly name: string;
  readonly description: string;
  /** Whether a value follows it. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly isRequired: boolean;
  /** As JSON says it. */
  readonly default?: string;
}

/** Describes a command with all that are below it. */
export function describeCommand(command: Command, path: readonly string[] = []): DescribedCommand {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: help.visibleOptions(command).map(describeOption),
    notes: notesOf(command),
    commands: help
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help')
      .map((one) => describeCommand(one, [...path, one.name()])),
  };
}

/** A command and all that are below it, the outer before the inner. */
export function allCommands(command: DescribedCommand): DescribedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function describeArgument(argument: Argument): DescribedArgument {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    choices: argument.argChoices ?? [],
  };
}

function describeOption(option: Option): DescribedOption {
  return {
    flags: option.flags,
    name: option.long ?? option.short ?? option.flags,
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    isRequired: option.mandatory,
    ...(option.defaultValue !== undefined && { default: JSON.stringify(option.defaultValue) }),
  };
}

/** commander writes what was added to the help, and does not give it away otherwise. */
function notesOf(command: Command): string {
  const { writeOut } = command.configureOutput();
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => void written.push(text) });
  try {
    command.outputHelp();
  } finally {
    command.configureOutput({ ...(writeOut && { writeOut }) });
  }
  return written.join('').slice(command.helpInformation().length).trim();
}
