import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { addCancel } from './cancel.ts';
import { type CommandContext, processContext } from './command-context.ts';
import { addDemo } from './demo.ts';
import { addDown } from './down.ts';
import { addHalf } from './half.ts';
import { Interrupted } from './interruption.ts';
import { addRadar } from './radar.ts';
import { addReconcile } from './reconcile.ts';
import { addReschedule } from './reschedule.ts';
import { addStatus } from './status.ts';
import { addTrace } from './trace.ts';
import { addUp } from './up.ts';

const wrongUsage = 2;
const failed = 1;

/**
 * Runs one command line (without node and script) and answers with the exit code: 0, 1 when the command failed, 2 when the
 * command line is wrong, 128 and the signal's number when a signal ended it.
 */
export async function run(parameters: readonly string[], context: CommandContext = processContext()): Promise<number> {
  try {
    await createProgram(context).parseAsync(parameters, { from: 'user' });
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

function createProgram(context: CommandContext): Command {
  const program = new Command('waybill')
    .description('Serverless event pipelines on AWS in which every message takes effect exactly once, provably.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: (text) => context.err.write(text) })
    .showHelpAfterError('(`waybill --help` lists the commands)')
    .addHelpText(
      'after',
      `
Examples:
  $ waybill demo              deploy the example shop, run orders through it, and prove what became of them
  $ waybill up                start the embedded AWS engine on a free port
  $ eval "$(waybill up)"      and let this shell's AWS tools use it
  $ waybill up --engine localstack
                              start LocalStack and DynamoDB Local instead
  $ waybill status --json     say where it runs, for scripts
  $ waybill down              end it
  $ waybill radar             see the health of each business line, live, in a browser
  $ waybill reconcile         name every message that has not taken effect, and where it stopped
  $ waybill trace --key 42    draw what came of an order, hop by hop
  $ waybill cancel <id>       take a message back before it takes effect

Environment:
  AWS_ENDPOINT_URL            use this engine instead of the embedded one; it is never stopped from here
  WAYBILL_STATE_FOLDER        keep the engine's state file and logs here
  WAYBILL_ENGINE_FOLDER       install the embedded engine here
  WAYBILL_DEBUG=1             print stack traces, and let the engine log every request`,
    );
  const commands = [
    addDemo,
    addUp,
    addDown,
    addStatus,
    addRadar,
    addReconcile,
    addTrace,
    addCancel,
    addReschedule,
    addHalf,
  ];
  for (const add of commands) add(program, context);
  return program;
}

/** An error that knows its code was written for people; anything else is a fault of ours and says so. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error) return error.message;
  return `${error.message} (this is a fault in Waybill; WAYBILL_DEBUG=1 shows where)`;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function version(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch (error) {
      if (folder === dirname(folder)) throw error;
    }
  }
}
