import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { HOUR_MS } from '../contract/time.ts';
import { LedgerSource, serveRadar } from '../radar/index.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { awaitInterruption } from './interruption.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';

interface RadarOptions extends LedgerOptions {
  readonly port?: number;
  readonly json?: boolean;
}

/** Between two refreshes on the real AWS, where each costs. */
const AWS_PAUSE_MS = 15_000;

/** Adds `waybill radar`: serves the heat map of a ledger on loopback. */
export function addRadar(program: Command, context: CommandContext): void {
  const command = program
    .command('radar')
    .description('serve the radar on this machine: the health of each business line by day and hour, live')
    .option('--port <number>', 'listen on this port of 127.0.0.1 instead of a free one', portOf)
    .option('--json', 'print one JSON object instead of the address');
  addLedgerOptions(command)
    .addHelpText('after', '\nExample:\n  $ waybill radar --port 8080')
    .action((options: RadarOptions) => radar(options, context));
}

async function radar(options: RadarOptions, context: CommandContext): Promise<void> {
  const interruption = awaitInterruption();
  const { signal } = interruption;
  try {
    const { environment, target, ...resolved } = await resolveLedger(options, context);
    const source = new LedgerSource(environment, {
      ...resolved,
      ...(target.kind === 'aws' && { pause: AWS_PAUSE_MS }),
    });
    context.progress.step(`Reading the ledger ${resolved.ledger}`);
    await source.refresh();
    const server = await serveRadar(source, { ...(options.port !== undefined && { port: options.port }) });
    try {
      if (options.json) printJson(context, { url: server.url, ledger: resolved.ledger, shards: resolved.shards });
      else print(context, server.url);
      context.progress.done(`The radar of ${resolved.ledger} is there until Ctrl-C. Nobody else can reach it.`);
      // A timer keeps the process alive.
      while (!signal.aborted) await sleep(HOUR_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      await server.close();
    }
  } finally {
    interruption.release();
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('It is a number from 1 to 65535.');
  return port;
}
