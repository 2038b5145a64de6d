import { type Command, InvalidArgumentError } from 'commander';
import type { StackOutputs, Target } from '../local/index.ts';
import { colourOf } from './colour.ts';
import { type CommandContext, print } from './command-context.ts';

/** The options of a command that deploys an app. */
export interface AppOptions {
  readonly app?: string;
  readonly context?: Readonly<Record<string, string>>;
}

/** Adds the options by which a command finds the CDK app. */
export function addAppOptions(command: Command): Command {
  return command
    .option(
      '--app <command>',
      'the command that synthesizes the app, or its cloud assembly; default: what cdk.json says',
    )
    .option('--context <key=value>', 'a context value of the app; may be repeated', contextOf);
}

function contextOf(text: string, others: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It is a key and a value: stage=test.');
  return { ...others, [key]: value };
}

/** The context of an app on a target: what is on an engine is told so. */
export function contextFor({ kind }: Target, { context }: AppOptions): Readonly<Record<string, string>> {
  return { ...(kind !== 'aws' && { 'waybill:engine': 'true' }), ...context };
}

/** Prints the outputs of stacks, one a line. */
export function printOutputs(context: CommandContext, outputs: StackOutputs): void {
  for (const [stack, values] of Object.entries(outputs)) {
    for (const [key, value] of Object.entries(values)) {
      print(context, `${colourOf(context, 'dim', `${stack}.`)}${key} = ${value}`);
    }
  }
}
