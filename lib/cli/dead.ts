import { type Command, InvalidArgumentError } from 'commander';
import { deadOf } from '../ledger/dead.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { isMessageId } from '../message/message-id.ts';
import { type DeadGroup, deadGroups } from '../redrive/causes.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { lengthOf } from './span-text.ts';
import { routesOf } from './subscriber-routes.ts';

interface DeadOptions extends LedgerOptions {
  readonly cause?: string;
  readonly json?: boolean;
}

/** Adds `waybill dead`: what is dead, by subscriber and cause, or what died of one cause. */
export function addDead(program: Command, context: CommandContext): void {
  const command = program
    .command('dead')
    .description('list what is dead, by subscriber and cause')
    .argument('[subscriber]', 'what is dead at this subscriber only')
    .option('--cause <cause>', 'each message that died of this cause; its first digits will do', causeOf)
    .option('--json', 'print one JSON array');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
Messages have a cause in common whose errors have the same code, were thrown by the same function, and say the same but
for numbers, ids and what is quoted. \`waybill redrive\` sends them again once it is mended.

Examples:
  $ waybill dead
  $ waybill dead take-payment --cause 7f3a`,
    )
    .action(async (subscriber: string | undefined, options: DeadOptions) => {
      const { environment, ...resolved } = await resolveLedger(options, context);
      await listDead(ledgerOf(environment, resolved), subscriber, options, context);
    });
}

/** Reads the first digits of a cause, or all eight. */
export function causeOf(text: string): string {
  if (/^[\da-f]{1,8}$/.test(text)) return text;
  throw new InvalidArgumentError('It is up to eight hex digits, as `waybill dead` prints them.');
}

/** Lists what is dead. */
export async function listDead(
  ledger: Ledger,
  subscriber: string | undefined,
  { cause, json }: Pick<DeadOptions, 'cause' | 'json'>,
  context: CommandContext,
): Promise<void> {
  if (subscriber !== undefined) routesOf(await readGraph(ledger), subscriber);
  const groups = await deadGroups(ledger, subscriber);
  const chosen = groups.filter((group) => group.cause.startsWith(cause ?? ''));
  if (cause !== undefined) return listMessages(ledger, chosen, { json }, context);
  if (json)
    return printJson(
      context,
      chosen.map(({ frame: _, ...group }) => group),
    );
  if (chosen.length === 0) return print(context, 'Nothing is dead.');
  const now = ledger.environment.now();
  for (const group of chosen) {
    const { first, last, sample, frame } = group;
    print(
      context,
      `${group.subscriber}  ${group.cause}  ${group.count} × ${group.reason}${frame ? ` in ${frame}` : ''}`,
    );
    print(context, `  first ${ago(first, now)}, last ${ago(last, now)}; ${sample.id}: ${sample.detail}`);
  }
}

async function listMessages(
  ledger: Ledger,
  groups: readonly DeadGroup[],
  { json }: Pick<DeadOptions, 'json'>,
  context: CommandContext,
): Promise<void> {
  const now = ledger.environment.now();
  const messages: object[] = [];
  let records = 0;
  for (const subscriber of new Set(groups.map((group) => group.subscriber))) {
    const causes = new Set(groups.filter((group) => group.subscriber === subscriber).map(({ cause }) => cause));
    for await (const page of deadOf(ledger, subscriber)) {
      for (const { died, ...one } of page) {
        if (!causes.has(one.cause)) continue;
        const moment = new Date(died).toISOString();
        const age = Math.round((now - died) / 1_000);
        records += isMessageId(one.id) ? 0 : 1;
        const what = isMessageId(one.id) ? [one.type, one.key] : ['a record that is no message', one.detail];
        if (json) messages.push({ subscriber, died: moment, age, ...one });
        else print(context, `${one.id}  ${subscriber}: ${[...what, ago(moment, now)].filter(Boolean).join(', ')}`);
      }
    }
  }
  if (json) printJson(context, messages);
  else if (groups.length === 0) print(context, 'Nothing is dead of that cause.');
  else if (records > 0) print(context, adviceOn(records));
}

/** What to do about what is named by a digest: there is no message in it that could be sent again. */
function adviceOn(records: number): string {
  return `${records} of these hold no message, and are named by the SHA-256 of their bytes. A redrive leaves them: nothing could handle them.
Their bytes lie in the dead-letter queue for 14 days. Find out who sends them, have it published right, and delete the letter.`;
}

function ago(moment: string, now: number): string {
  return `${lengthOf(now - Date.parse(moment))} ago`;
}
