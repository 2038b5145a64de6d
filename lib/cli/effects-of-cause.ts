import type { Environment } from '../aws/environment.ts';
import { EffectUndecidable } from '../contract/errors.ts';
import type { EffectDecision } from '../effect/decide.ts';
import { decideEffects } from '../effect/decide-by-cause.ts';
import { deadOf } from '../ledger/dead.ts';
import { readGraph } from '../ledger/graph.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { isMessageId } from '../message/message-id.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { type DecisionOptions, decisionOf, effectLine, type ShownEffect, shownEffects } from './effect-decision.ts';
import { routesOf } from './subscriber-routes.ts';
import { wholeCause } from './whole-cause.ts';

/** The options that select effects by what their messages died of. */
export interface CauseOptions extends DecisionOptions {
  readonly subscriber: string;
  /** The cause, or its first digits. */
  readonly cause: string;
  readonly effect?: string;
  readonly json?: boolean;
}

/** Shows the effects of whatever died of a cause, or decides about each of them. */
export async function runEffectsOfCause(
  environment: Environment,
  options: CauseOptions,
  context: CommandContext,
): Promise<void> {
  const { subscriber } = options;
  const ledger = await withEveryShard(ledgerOf(environment));
  routesOf(await readGraph(ledger), subscriber);
  const cause = await wholeCause(ledger, subscriber, options.cause, (why) => new EffectUndecidable(why));
  const decision = decisionOf(options);
  if (decision) await decide(environment, cause, decision, options, context);
  else await show(environment, cause, options, context);
}

async function decide(
  environment: Environment,
  cause: string,
  decision: EffectDecision,
  { subscriber, effect, json }: CauseOptions,
  context: CommandContext,
): Promise<void> {
  const decided: { readonly id: string; readonly effect: string }[] = [];
  const left: { readonly id: string; readonly why: string }[] = [];
  const given = { subscriber, cause, ...(effect && { effect }), environment };
  for await (const { id, ...one } of decideEffects(decision, given)) {
    if (one.left === undefined) decided.push({ id, effect: one.effect });
    else left.push({ id, why: one.left });
    const line = one.left === undefined ? `${id}  ${one.effect}: ${WORDS[decision.kind]}` : `${id}  left: ${one.left}`;
    if (json) context.err.write(`${line}\n`);
    else print(context, line);
  }
  if (left.length > 0) context.exitCode = 1;
  if (json) return printJson(context, { subscriber, cause, decision: decision.kind, decided, left });
  print(
    context,
    `${decided.length} decided, ${left.length} left. \`waybill redrive ${subscriber} --cause ${cause}\` sends them again`,
  );
}

async function show(
  environment: Environment,
  cause: string,
  { subscriber, json }: CauseOptions,
  context: CommandContext,
): Promise<void> {
  const messages: { readonly id: string; readonly effects: readonly ShownEffect[] }[] = [];
  for await (const page of deadOf(await withEveryShard(ledgerOf(environment)), subscriber)) {
    for (const one of page) {
      if (one.cause !== cause || !isMessageId(one.id)) continue;
      const effects = await shownEffects(environment, one.id, { subscriber });
      messages.push({ id: one.id, effects });
      if (json) continue;
      const lines = effects.length === 0 ? ['no effect has begun'] : effects.map(effectLine);
      for (const line of lines) print(context, `${one.id}  ${line}`);
    }
  }
  if (json) printJson(context, { subscriber, cause, messages });
}

const WORDS: Readonly<Record<EffectDecision['kind'], string>> = {
  done: 'done',
  notDone: 'not done',
  acceptInput: 'its input is accepted',
};
