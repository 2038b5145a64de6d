import { type Environment, environmentOf } from '../aws/environment.ts';
import { hasCode, InvalidDefinition } from '../contract/errors.ts';
import { deadOf } from '../ledger/dead.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { isMessageId } from '../message/message-id.ts';
import { decideEffect, type EffectDecision } from './decide.ts';

/** Whose effects are decided, and of what their messages died. */
export interface DecideEffectsOptions {
  readonly subscriber: string;
  /** What died of this cause: its eight hex digits, as `waybill dead` and `listDead` tell them. */
  readonly cause: string;
  /** The effect's name, or `<name>/<part>`. @default the only one of each message, or the only one that is not done */
  readonly effect?: string;
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/** What came of the decision for one message. */
export type DecidedEffect =
  /** It is written down of this effect. */
  | { readonly id: string; readonly effect: string; readonly left?: never }
  /** Nothing is: why. */
  | { readonly id: string; readonly effect?: never; readonly left: string };

/**
 * Writes down what became of the effects of whatever died of one cause at a subscriber, message by message. What cannot be decided so is
 * left as it is. Nothing is sent again by it: redrive the cause. A decision that is given again leaves what it has decided.
 *
 * @throws InvalidDefinition when the cause has not eight hex digits
 * @throws InvalidPayload, LimitExceeded when the answer is no JSON of at most 64 KB
 * @example
 * for await (const { id, left } of decideEffects({ kind: 'acceptInput' }, { subscriber: 'take-payment', cause: '7f3a0b1c' })) {
 *   if (left) console.log(id, left);
 * }
 */
export async function* decideEffects(
  decision: EffectDecision,
  { subscriber, cause, effect, environment = environmentOf() }: DecideEffectsOptions,
): AsyncGenerator<DecidedEffect> {
  if (!/^[\da-f]{8}$/.test(cause)) {
    throw new InvalidDefinition(`'${cause}' is no cause: give its eight hex digits, as \`waybill dead\` prints them`);
  }
  const ledger = await withEveryShard(ledgerOf(environment));
  for await (const page of deadOf(ledger, subscriber)) {
    for (const { id, ...dead } of page) {
      if (dead.cause !== cause) continue;
      yield await decideOne(id, decision, { subscriber, ...(effect && { effect }), environment });
    }
  }
}

async function decideOne(
  id: string,
  decision: EffectDecision,
  options: Omit<DecideEffectsOptions, 'cause'>,
): Promise<DecidedEffect> {
  if (!isMessageId(id)) return { id, left: 'it holds no message, so that it has no effect' };
  try {
    const { name } = await decideEffect(id, decision, options);
    return { id, effect: name };
  } catch (error) {
    if (hasCode(error, 'effect-undecidable')) return { id, left: (error as Error).message };
    throw error;
  }
}
