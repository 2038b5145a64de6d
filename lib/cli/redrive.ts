import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { RedriveRefused } from '../redrive/errors.ts';
import { findRedrive, redriveOf, resumeStopped, startRedrive, stopRunning } from '../redrive/operation.ts';
import type { Redrive, RedriveOptions } from '../redrive/redrive-options.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { causeOf } from './dead.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { momentOf } from './moment-argument.ts';
import { wholeCause } from './whole-cause.ts';

interface CommandOptions extends LedgerOptions {
  readonly all?: boolean;
  readonly cause?: string;
  readonly ids?: readonly string[];
  readonly range?: RedriveOptions['range'];
  readonly rate?: number;
  readonly canary?: number;
  readonly until?: Date;
  readonly republish?: boolean;
  readonly outOfOrder?: boolean;
  readonly stop?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

const SELECTIONS = ['all', 'cause', 'ids', 'range', 'stop', 'resume'] as const;
const LOOK_MS = 1_000;

/** Adds `waybill redrive`: sends what is dead or missing at a subscriber again, and follows how that goes. */
export function addRedrive(program: Command, context: CommandContext): void {
  const command = program
    .command('redrive')
    .description('send what is dead at a subscriber again: one message, and twice as many each time that all is well')
    .argument('[subscriber]', 'the subscriber; not with --stop and --resume')
    .option('--all', 'whatever is dead there')
    .option('--cause <cause>', 'what died of this cause; its first digits will do', causeOf)
    .option('--ids <id...>', 'these messages')
    .option('--range <from..to>', 'what was committed between two moments and is dead or missing there', rangeOf)
    .option('--rate <rate>', 'at most so many a second, such as 50/s', rateOf)
    .addOption(new Option('--canary <count>', 'messages of the first wave').argParser(countOf))
    .option('--until <moment>', 'stop then at the latest, such as 2026-11-30T12:00:00Z', momentOf)
    .option('--republish', 'publish anew, for this subscriber alone, what has expired')
    .option('--out-of-order', 'at an ordered subscriber: handle what was overtaken after what follows it')
    .option('--stop <operation>', 'stop a redrive: no further wave goes out')
    .option('--resume <operation>', 'have a stopped redrive go on, with a canary; or follow one that runs')
    .option('--json', 'print one JSON object at the end');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
One message that fails again, of the first wave, stops it: mend the fault, and --resume it. Ctrl-C leaves it running, and
--resume follows it. The exit code is 1 where it was stopped.

Examples:
  $ waybill redrive take-payment --cause 7f3a
  $ waybill redrive take-payment --all --rate 200/s --canary 3
  $ waybill redrive take-payment --range 2026-11-24T08:00:00Z..2026-11-24T09:00:00Z
  $ waybill redrive --stop take-payment.9b1d22e0`,
    )
    .action(async (subscriber: string | undefined, options: CommandOptions) => {
      const given = SELECTIONS.filter((name) => options[name] !== undefined);
      if (given.length !== 1) {
        command.error('error: give one of --all, --cause, --ids, --range, --stop and --resume');
      }
      const control = options.stop ?? options.resume;
      if (control === undefined && subscriber === undefined) command.error('error: name the subscriber');
      const { environment, ...resolved } = await resolveLedger(options, context);
      await runRedrive(ledgerOf(environment, resolved), subscriber, options, context);
    });
}

/** Begins, resumes or stops a redrive, and follows it until it has ended. */
export async function runRedrive(
  ledger: Ledger,
  subscriber: string | undefined,
  options: CommandOptions,
  context: CommandContext,
): Promise<void> {
  const begun = await begin(ledger, subscriber, options);
  const tell = tellerOf(options, context);
  tell(`Redrive ${begun.operation}`);
  const ended = options.stop === undefined ? await follow(ledger, begun, tell) : begun;
  if (ended.state === 'stopped' && options.stop === undefined) context.exitCode = 1;
  tell(sentenceOf(ended));
  if (!options.json) return;
  const { operation, state, sent, handled, relapsed, waves } = ended;
  printJson(context, { operation, state, sent, handled, relapsed, waves });
}

/** Tells how it goes. Beside the one object of `--json`, it is told where progress is. */
type Teller = (line: string) => void;

function tellerOf({ json }: CommandOptions, context: CommandContext): Teller {
  return (line) => (json ? context.err.write(`${line}\n`) : print(context, line));
}

async function begin(ledger: Ledger, subscriber: string | undefined, options: CommandOptions): Promise<Redrive> {
  if (options.stop !== undefined) return stopRunning(ledger, options.stop);
  if (options.resume !== undefined) return resumeStopped(ledger, options.resume);
  const { cause: digits, rate: maxRate, ids, range, canary, until, republish, outOfOrder } = options;
  const refused = (why: string) => new RedriveRefused(why);
  const cause = digits && (await wholeCause(ledger, subscriber as string, digits, refused));
  const how = { maxRate, canary, until, republish, outOfOrder };
  return startRedrive(ledger, subscriber as string, { cause, ids, range, ...how });
}

async function follow(ledger: Ledger, begun: Redrive, tell: Teller): Promise<Redrive> {
  let seen = begun;
  while (seen.state !== 'done' && seen.state !== 'stopped') {
    await ledger.environment.sleep(LOOK_MS);
    const now = redriveOf(await findRedrive(ledger, begun.operation));
    if (now.waves !== seen.waves || now.handled !== seen.handled) tell(waveOf(now));
    if (now.waits !== undefined && now.waits !== seen.waits) tell(`It waits: ${now.waits}`);
    seen = now;
  }
  return seen;
}

function waveOf({ waves, sent, handled, relapsed }: Redrive): string {
  return `wave ${waves}: ${sent} sent, ${handled} handled, ${relapsed} relapsed`;
}

function sentenceOf(redrive: Redrive): string {
  const { operation, state, reason, sent, handled, relapsed, refused, unreadable, waves } = redrive;
  const counts = `${sent} sent in ${waves} waves, ${handled} handled, ${relapsed} relapsed`;
  const expired = refused - unreadable;
  const left = [
    ...(expired > 0 ? [`; ${expired} not sent, since they have expired: --republish publishes them anew`] : []),
    ...(unreadable > 0
      ? [`; ${unreadable} not sent, since they are no messages: \`waybill dead\` says what to do`]
      : []),
  ].join('');
  if (state !== 'stopped') return `${state === 'done' ? 'Done' : 'Running'}: ${counts}${left}`;
  const why = { relapse: 'a message failed again', operator: 'by hand', time: 'its time is up' }[reason ?? 'operator'];
  return `Stopped, ${why}: ${counts}${left}. \`waybill redrive --resume ${operation}\` goes on`;
}

function rangeOf(text: string): RedriveOptions['range'] {
  const [from, to, ...more] = text.split('..');
  if (!from || !to || more.length > 0) {
    throw new InvalidArgumentError('It is two moments, such as 2026-11-24T08:00:00Z..2026-11-24T09:00:00Z.');
  }
  return { from: momentOf(from), to: momentOf(to) };
}

function rateOf(text: string): number {
  const [, count] = /^(\d+)(?:\/s)?$/.exec(text) ?? [];
  if (count) return Number(count);
  throw new InvalidArgumentError('It is messages a second, such as 50/s.');
}

function countOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
}
