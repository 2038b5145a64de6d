import { type Command, Option } from 'commander';
import { sendMessages } from '../aws/send-batch.ts';
import { HalfMessageDecided, SendFailed } from '../contract/errors.ts';
import type { CheckBackRequest } from '../half/check-back-request.ts';
import { commitHalf, rollbackHalf } from '../half/half.ts';
import { readHalf } from '../ledger/half.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { HalfRow } from '../ledger/rows/half.ts';
import { traceHalf } from '../trace/trace-half.ts';
import { asOperator } from './cancel.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, type ResolvedLedger, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';
import { halfTree } from './trace-tree.ts';

interface HalfOptions extends LedgerOptions {
  readonly commit?: boolean;
  readonly rollback?: boolean;
  readonly checkBack?: boolean;
  readonly json?: boolean;
}

/** Adds `waybill half`: shows a half message, and recovers one that nobody has decided. */
export function addHalf(program: Command, context: CommandContext): void {
  const command = program
    .command('half')
    .description('show a half message; decide one that its producer left undecided, or have its producer asked again')
    .argument('<id>', 'the id that `prepare` gave', messageIdOf)
    .addOption(new Option('--commit', 'let it take effect').conflicts(['rollback', 'checkBack']))
    .addOption(new Option('--rollback', 'give it up for good').conflicts(['commit', 'checkBack']))
    .addOption(new Option('--check-back', 'ask its producer once more').conflicts(['commit', 'rollback']))
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
Decide only what you know: whether the local transaction has committed is in the producer's own store.

Examples:
  $ waybill half 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f
  $ waybill half 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --check-back`,
    )
    .action(async (id: string, options: HalfOptions) => {
      await treatHalf(await resolveLedger(options, context), id, options, context);
    });
}

/** Does with a half message what the options say, and shows how it stands then. */
export async function treatHalf(
  { environment, ...inspection }: Omit<ResolvedLedger, 'target'>,
  halfId: string,
  options: HalfOptions,
  context: CommandContext,
): Promise<void> {
  const operator = asOperator(environment);
  if (options.commit) await commitHalf(operator, halfId);
  if (options.rollback) await rollbackHalf(operator, halfId);
  if (options.checkBack) await askAgain(environment, await readHalf(ledgerOf(environment, inspection), halfId));
  const half = await traceHalf(environment, inspection, halfId);
  if (options.json) return printJson(context, { ...half, ...(options.checkBack && { asked: true }) });
  const width = context.out.columns;
  for (const line of halfTree(half, { now: environment.now(), ...(width && { width }) })) print(context, line);
  if (options.checkBack) print(context, 'Its producer is asked once more');
}

async function askAgain(environment: ResolvedLedger['environment'], row: HalfRow): Promise<void> {
  const { sk: half, state, checkBackQueue } = row;
  if (state !== 'prepared') {
    const decision = state === 'committed' ? 'committed' : 'rolled back';
    throw new HalfMessageDecided(`The half message '${half}' is ${decision}: there is nothing to ask`);
  }
  const request: CheckBackRequest = { half };
  const [failed] = await sendMessages(environment, checkBackQueue, [{ body: JSON.stringify(request) }]);
  if (failed) throw new SendFailed(`The producer's queue ${checkBackQueue} does not take the request: ${failed.code}`);
}
