import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Command } from 'commander';
import { CLIENT_LIMITS } from './aws-access.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { chosen, type DeployedFunction, functionsOf } from './deployed-functions.ts';
import { awaitInterruption } from './interruption.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { logLine } from './log-line.ts';
import { LogTail } from './log-tail.ts';
import { sinceOf } from './since-option.ts';

interface LogsOptions extends LedgerOptions {
  readonly follow?: boolean;
  readonly framework?: boolean;
  readonly since?: number;
  readonly json?: boolean;
}

const SINCE_MS = 600_000;
/** Between two looks: an engine asks nothing for them, AWS limits them. */
const PAUSE_MS = { engine: 500, aws: 3_000 };

/** Adds `waybill logs`: what the functions of a ledger log. */
export function addLogs(program: Command, context: CommandContext): void {
  const command = program
    .command('logs')
    .description('print what the functions of subscribers and producers have logged, the oldest first')
    .argument('[name]', 'a subscriber, a producer or a function; default: all subscribers and producers')
    .option('--follow', 'go on with what they log from now on, until Ctrl-C')
    .option('--framework', "also what the framework's own functions log")
    .option('--since <time>', 'what was logged in so long; default: 10m', sinceOf)
    .option('--json', 'print one JSON object a line, of each line as it was logged');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
Without --json, what Lambda itself writes of each invocation is left out, and so are metrics.

Examples:
  $ waybill logs take-payment --since 1h
  $ waybill logs --follow`,
    )
    .action((name: string | undefined, options: LogsOptions) => logs(name, options, context));
}

async function logs(name: string | undefined, options: LogsOptions, context: CommandContext): Promise<void> {
  const interruption = awaitInterruption();
  try {
    const { ledger, target, environment } = await resolveLedger(options, context);
    const functions = chosen(
      await functionsOf(new LambdaClient(CLIENT_LIMITS), ledger),
      name,
      options.framework ?? false,
    );
    const from = environment.now() - (options.since ?? SINCE_MS);
    const tail = new LogTail(new CloudWatchLogsClient(CLIENT_LIMITS), functions, from);
    const tell = tellerOf(functions, options.json ?? false, context);
    const { signal } = interruption;
    tell(await tail.read());
    while (options.follow && !signal.aborted) {
      const pause = target.kind === 'aws' ? PAUSE_MS.aws : PAUSE_MS.engine;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) tell(await tail.read());
    }
  } finally {
    interruption.release();
  }
}

/** Prints the lines of functions, as JSON or for people. */
export function tellerOf(functions: readonly DeployedFunction[], json: boolean, context: CommandContext) {
  const width = Math.max(0, ...functions.map(({ name }) => name.length));
  return (events: Awaited<ReturnType<LogTail['read']>>): void => {
    for (const event of events) {
      const line = json ? undefined : logLine(event, width, context);
      if (json) printJson(context, event);
      else if (line !== undefined) print(context, line);
    }
  };
}
