import { type Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../aws/environment.ts';
import { type Rescheduling, reschedule } from '../cancel/reschedule.ts';
import { type Delay, deliveryTime } from '../contract/delay.ts';
import type { Duration } from '../contract/duration.ts';
import { WaybillError } from '../contract/errors.ts';
import { asOperator } from './cancel.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { endsInWords } from './ends-in-words.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';
import { momentOf } from './moment-argument.ts';

interface RescheduleOptions extends LedgerOptions {
  readonly delay?: Duration;
  readonly at?: Date;
  readonly json?: boolean;
}

/** Adds `waybill reschedule`: gives a message another moment. */
export function addReschedule(program: Command, context: CommandContext): void {
  const command = program
    .command('reschedule')
    .description('give a message another moment, unless it has taken effect somewhere')
    .argument('<id>', 'the id of the message; of one that was rescheduled, any of its ids', messageIdOf)
    .option('--delay <time>', 'deliver it so long from now, such as 90s, 10m, 2h or 3d', delayOf)
    .option('--at <moment>', 'deliver it at this moment, such as 2026-11-24T08:00:00Z', dueMomentOf)
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
The message in its place has a new id; the old one leads to it. The exit code is 1 when it came too late.

Examples:
  $ waybill reschedule 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --delay 10m
  $ waybill reschedule 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --at 2026-11-24T08:00:00+01:00`,
    )
    .action(async (id: string, options: RescheduleOptions) => {
      if ((options.delay === undefined) === (options.at === undefined)) {
        command.error('error: give either --delay or --at');
      }
      const { environment } = await resolveLedger(options, context);
      await rescheduleMessage(environment, id, options, context);
    });
}

/** Gives a message another moment, and says what became of it. */
export async function rescheduleMessage(
  environment: Environment,
  messageId: string,
  { delay, at, json }: RescheduleOptions,
  context: CommandContext,
): Promise<void> {
  const moment = (at ? { deliverAt: at } : { delay }) as Delay;
  const due = deliveryTime(moment, environment.now());
  const rescheduling = await reschedule(messageId, moment, { environment: asOperator(environment) });
  if (!rescheduling.rescheduled) context.exitCode = 1;
  if (json) printJson(context, rescheduling);
  else print(context, sentenceOf(rescheduling, messageId, due));
}

function sentenceOf(rescheduling: Rescheduling, messageId: string, due: number | undefined): string {
  const { id, rescheduled } = rescheduling;
  if (!rescheduled) return `Not rescheduled: ${id} ${endsInWords(rescheduling.ended)}`;
  const when = due === undefined ? 'at once' : `at ${new Date(due).toISOString()}`;
  return `Rescheduled ${messageId}: ${id} is delivered in its place, ${when}`;
}

function delayOf(text: string): Duration {
  refuseIfWrong({ delay: text as Duration });
  return text as Duration;
}

function dueMomentOf(text: string): Date {
  const at = momentOf(text);
  refuseIfWrong({ deliverAt: at });
  return at;
}

/** A delay that the run time would refuse is a wrong command line. */
function refuseIfWrong(delay: Delay): void {
  try {
    deliveryTime(delay, Date.now());
  } catch (error) {
    if (error instanceof WaybillError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
