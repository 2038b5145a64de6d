import type { Command } from 'commander';
import type { Environment } from '../aws/environment.ts';
import { decideEffect, type EffectOwner } from '../effect/decide.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { causeOf } from './dead.ts';
import { type DecisionOptions, decisionOf, effectLine, SAID, shownEffects } from './effect-decision.ts';
import { type CauseOptions, runEffectsOfCause } from './effects-of-cause.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';

interface EffectOptions extends LedgerOptions, DecisionOptions {
  readonly subscriber?: string;
  readonly producer?: string;
  readonly cause?: string;
  readonly effect?: string;
  readonly json?: boolean;
}

/** Adds `waybill effect`: shows the effects of a message on services outside, or says what became of one. */
export function addEffect(program: Command, context: CommandContext): void {
  const command = program
    .command('effect')
    .description('show the effects of a message, or of a producer, on services outside, or say what became of one')
    .argument('[id]', "the id of the message; of a producer's effect, its key; not with --cause")
    .option('--subscriber <name>', 'the subscriber whose handler has the effect')
    .option('--producer <name>', 'the producer that has called the effect by itself')
    .option(
      '--cause <cause>',
      'the effects of whatever died of this cause at the subscriber; its first digits will do',
      causeOf,
    )
    .option('--effect <name>', 'the effect, where the message has several')
    .option('--done <json>', 'it was done, and the service answered this')
    .option('--not-done', 'it was not done, and will not be by what was sent before')
    .option('--accept-input', 'what the handler asks for next is the same effect, though it differs')
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
A message that was dead-lettered for its effect is redriven afterwards: this command sends nothing. With --cause each message
is told as it is decided, and the exit code is 1 where some were left undecided.

Examples:
  $ waybill effect 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --subscriber take-payment
  $ waybill effect 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --subscriber take-payment --done '{"id":"ch_1"}'
  $ waybill effect --cause 7f3a --subscriber take-payment --accept-input
  $ waybill effect payroll-2026-03/17 --producer payroll --not-done`,
    )
    .action(async (id: string | undefined, options: EffectOptions) => {
      const wrong = wrongWith(id, options);
      if (wrong) command.error(`error: ${wrong}`);
      const { environment } = await resolveLedger(options, context);
      if (id === undefined) await runEffectsOfCause(environment, options as CauseOptions, context);
      else await runEffect(environment, id, options, context);
    });
}

/** What is wrong with what was given, if something is. */
function wrongWith(id: string | undefined, options: EffectOptions): string | undefined {
  const { subscriber, producer, cause, done, notDone, acceptInput } = options;
  if ((id === undefined) === (cause === undefined)) return 'give an id, or --cause: which effects are meant';
  if (cause !== undefined && subscriber === undefined) return 'name the --subscriber at which that cause is';
  if ((subscriber === undefined) === (producer === undefined)) {
    return 'give one of --subscriber and --producer: whose effect it is';
  }
  if (id !== undefined && subscriber !== undefined) messageIdOf(id);
  const decisions = [done !== undefined, notDone, acceptInput].filter(Boolean);
  return decisions.length > 1 ? 'give one of --done, --not-done and --accept-input' : undefined;
}

/** Shows effects, or decides about one, and says which. */
export async function runEffect(
  environment: Environment,
  id: string,
  options: Omit<EffectOptions, keyof LedgerOptions>,
  context: CommandContext,
): Promise<void> {
  const { effect, json } = options;
  const owner = ownerIn(options);
  const decision = decisionOf(options);
  if (!decision) return showEffects(environment, id, owner, json, context);
  const decided = await decideEffect(id, decision, { ...owner, ...(effect && { effect }), environment });
  if (json) return printJson(context, { id, ...owner, effect: decided.name, decision: decision.kind });
  print(context, `${decided.name} of ${id} at ${owner.subscriber ?? owner.producer}: ${SAID[decision.kind]}`);
}

async function showEffects(
  environment: Environment,
  id: string,
  owner: EffectOwner,
  json: boolean | undefined,
  context: CommandContext,
): Promise<void> {
  const effects = await shownEffects(environment, id, owner);
  if (json) return printJson(context, { id, ...owner, effects });
  const where = owner.subscriber ?? owner.producer;
  if (effects.length === 0) print(context, `${id} has begun no effect at ${where}.`);
  for (const one of effects) print(context, effectLine(one));
}

function ownerIn({ subscriber, producer }: Pick<EffectOptions, 'subscriber' | 'producer'>): EffectOwner {
  return subscriber === undefined ? { producer: producer ?? '' } : { subscriber };
}
