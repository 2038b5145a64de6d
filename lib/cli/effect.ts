import type { Command } from 'commander';
import type { Environment } from '../aws/environment.ts';
import { InvalidPayload } from '../contract/errors.ts';
import { parseJson } from '../contract/json.ts';
import { decideEffect, type EffectDecision, type EffectOwner, effectsOfOwner } from '../effect/decide.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';

interface EffectOptions extends LedgerOptions {
  readonly subscriber?: string;
  readonly producer?: string;
  readonly effect?: string;
  readonly done?: string;
  readonly notDone?: boolean;
  readonly acceptInput?: boolean;
  readonly json?: boolean;
}

/** Adds `waybill effect`: shows the effects of a message on services outside, or says what became of one. */
export function addEffect(program: Command, context: CommandContext): void {
  const command = program
    .command('effect')
    .description('show the effects of a message, or of a producer, on services outside, or say what became of one')
    .argument('<id>', "the id of the message; of a producer's effect, its key")
    .option('--subscriber <name>', 'the subscriber whose handler has the effect')
    .option('--producer <name>', 'the producer that has called the effect by itself')
    .option('--effect <name>', 'the effect, where the message has several')
    .option('--done <json>', 'it was done, and the service answered this')
    .option('--not-done', 'it was not done, and will not be by what was sent before')
    .option('--accept-input', 'what the handler asks for next is the same effect, though it differs')
    .option('--json', 'print one JSON object');
  addLedgerOptions(command)
    .addHelpText(
      'after',
      `
A message that was dead-lettered for its effect is redriven afterwards: this command sends nothing.

Examples:
  $ waybill effect 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --subscriber take-payment
  $ waybill effect 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --subscriber take-payment --done '{"id":"ch_1"}'
  $ waybill effect payroll-2026-03/17 --producer payroll --not-done`,
    )
    .action(async (id: string, options: EffectOptions) => {
      const decisions = [options.done !== undefined, options.notDone, options.acceptInput].filter(Boolean);
      if ((options.subscriber === undefined) === (options.producer === undefined)) {
        command.error('error: give one of --subscriber and --producer: whose effect it is');
      }
      if (options.subscriber !== undefined) messageIdOf(id);
      if (decisions.length > 1) command.error('error: give one of --done, --not-done and --accept-input');
      const { environment } = await resolveLedger(options, context);
      await runEffect(environment, id, options, context);
    });
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
  const now = environment.now();
  const effects = (await effectsOfOwner(ledgerOf(environment), id, owner)).map(({ name, state }) => ({
    name,
    state: state.state === 'running' && now > state.until ? 'unknown' : state.state,
    since: state.since,
    until: state.until,
  }));
  if (json) return printJson(context, { id, ...owner, effects });
  const where = owner.subscriber ?? owner.producer;
  if (effects.length === 0) print(context, `${id} has begun no effect at ${where}.`);
  for (const { name, state, since } of effects)
    print(context, `${name}  ${state}, begun ${new Date(since).toISOString()}`);
}

function ownerIn({ subscriber, producer }: Pick<EffectOptions, 'subscriber' | 'producer'>): EffectOwner {
  return subscriber === undefined ? { producer: producer ?? '' } : { subscriber };
}

const SAID: Readonly<Record<EffectDecision['kind'], string>> = {
  done: 'done, and its answer is kept. Redrive the message if it was dead-lettered',
  notDone: 'not done: it is run again when the message comes again',
  acceptInput: 'whatever it is asked for next is taken for the same',
};

function decisionOf({
  done,
  notDone,
  acceptInput,
}: Omit<EffectOptions, keyof LedgerOptions>): EffectDecision | undefined {
  if (done !== undefined) return { kind: 'done', answer: answerIn(done) };
  if (notDone) return { kind: 'notDone' };
  return acceptInput ? { kind: 'acceptInput' } : undefined;
}

function answerIn(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new InvalidPayload(`--done takes JSON, such as '{"id":"ch_1"}'`);
  }
}
