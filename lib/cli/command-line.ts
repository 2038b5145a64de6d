import { Command, CommanderError } from 'commander';
import type { CommandContext } from './command-context.ts';
import { Interrupted } from './interruption.ts';
import { said } from './said.ts';

const wrongUsage = 2;
const failed = 1;

/** A command line that writes where its context says, and throws where it would end the process. */
export function createCommandLine(name: string, context: CommandContext): Command {
  return new Command(name)
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: (text) => context.err.write(text) });
}

/**
 * Runs one command line (without node and script) and answers with the exit code: 0, 1 when the command failed, 2 when the
 * command line is wrong, 128 and the signal's number when a signal ended it.
 */
export async function runCommandLine(
  program: Command,
  parameters: readonly string[],
  context: CommandContext,
): Promise<number> {
  try {
    await program.parseAsync(parameters, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // commander has already written what is wrong with a command line, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUsage;
    context.progress.fail(error instanceof Interrupted ? error.message : `error: ${sentenceOf(error)}`);
    if (error instanceof Interrupted) return error.exitCode;
    if (context.environment.WAYBILL_DEBUG) context.err.write(`${stackOf(error)}\n`);
    return failed;
  }
}

/** An error that knows its code was written for people; anything else is a fault of ours and says so. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What AWS answers, too, is said to people.
  if ('code' in error || '$metadata' in error) return said(error);
  return `${said(error)} (this is a fault in Waybill; WAYBILL_DEBUG=1 shows where)`;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
