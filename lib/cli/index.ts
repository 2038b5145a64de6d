import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { addCancel } from './cancel.ts';
import { addCase } from './case.ts';
import { addCircuit } from './circuit.ts';
import { type CommandContext, processContext } from './command-context.ts';
import { createCommandLine, runCommandLine } from './command-line.ts';
import { type DescribedCommand, describeCommand } from './command-tree.ts';
import { addCompletion } from './completion.ts';
import { addContract } from './contract.ts';
import { addDead } from './dead.ts';
import { addDeploy } from './deploy.ts';
import { addDev } from './dev.ts';
import { addDown } from './down.ts';
import { addEffect } from './effect.ts';
import { addHalf } from './half.ts';
import { addInit } from './init.ts';
import { addLedger } from './ledger.ts';
import { addLogs } from './logs.ts';
import { addLs } from './ls.ts';
import { addOrder } from './order.ts';
import { addRadar } from './radar.ts';
import { addReconcile } from './reconcile.ts';
import { addRedrive } from './redrive.ts';
import { addReschedule } from './reschedule.ts';
import { addSaga } from './saga.ts';
import { addStatus } from './status.ts';
import { addSubscriber } from './subscriber.ts';
import { addTrace } from './trace.ts';
import { addUp } from './up.ts';

/** Runs one command line of `waybill` (without node and script) and answers with the exit code. */
export function run(parameters: readonly string[], context: CommandContext = processContext()): Promise<number> {
  return runCommandLine(createProgram(context), parameters, context);
}

/** All commands, as help, completion and the reference describe them. */
export function describedCommands(): DescribedCommand {
  return describeCommand(createProgram(processContext()));
}

function createProgram(context: CommandContext): Command {
  const program = createCommandLine('waybill', context)
    .description('Serverless event pipelines on AWS in which every message takes effect exactly once, provably.')
    .version(version(), '--version', 'print the version')
    .showHelpAfterError('(`waybill --help` lists the commands)')
    .addHelpText(
      'after',
      `
Examples:
  $ waybill init shop         make a working application in a new folder
  $ waybill dev               run the CDK app of this folder on an engine, kept as its files are
  $ waybill deploy            deploy it, to an engine or by --aws to AWS
  $ waybill up                start the embedded AWS engine on a free port
  $ eval "$(waybill up)"      and let this shell's AWS tools use it
  $ waybill up --engine localstack
                              start LocalStack and DynamoDB Local instead
  $ waybill status --json     say where it runs, for scripts
  $ waybill down              end it
  $ waybill radar             see the health of each business line, live, in a browser
  $ waybill reconcile         name every message that has not taken effect, and where it stopped
  $ waybill ls --state dead    list the messages that were dead-lettered
  $ waybill logs --follow     see what handlers and framework log, live
  $ waybill trace --key 42    draw what came of an order, hop by hop
  $ waybill cancel <id>       cancel a message before it takes effect
  $ waybill dead              list what is dead, by cause
  $ waybill redrive <name> --all
                              send what is dead at a subscriber again, a canary first

Environment:
  AWS_ENDPOINT_URL            use this engine instead of the embedded one; it is never stopped from here
  WAYBILL_STATE_FOLDER        keep the engine's state file and logs here
  WAYBILL_ENGINE_FOLDER       install the embedded engine here
  WAYBILL_DEBUG=1             print stack traces, and let the engine log every request
  NO_COLOR=1                  print no colours`,
    );
  const ofApps = [addInit, addDev, addDeploy];
  const ofEngines = [addUp, addDown, addStatus];
  const ofMessages = [
    addRadar,
    addReconcile,
    addLs,
    addLogs,
    addTrace,
    addCancel,
    addReschedule,
    addHalf,
    addDead,
    addRedrive,
    addCase,
    addEffect,
    addSaga,
    addLedger,
    addSubscriber,
    addCircuit,
    addOrder,
    addContract,
  ];
  const commands = [...ofApps, ...ofEngines, ...ofMessages, addCompletion];
  for (const add of commands) add(program, context);
  return program;
}

function version(): string {
  const { version } = createRequire(import.meta.url)('waybill/package.json') as { version: string };
  return version;
}
