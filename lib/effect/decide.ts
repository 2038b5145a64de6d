import { type Environment, environmentOf } from '../aws/environment.ts';
import { EffectUndecidable } from '../contract/errors.ts';
import { effectsCalled, effectsOf, type FoundEffect, moveEffect } from '../ledger/effect.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { ANY_INPUT } from './lease.ts';
import { keptAnswer } from './request.ts';

/** What an operator has found out about an effect of which nobody knew how it ended. */
export type EffectDecision =
  /** It was done, and this is what the service answered: JSON that satisfies the effect's `output`. */
  | { readonly kind: 'done'; readonly answer: unknown }
  /** It was not done, and no request that was sent before has it done any more. */
  | { readonly kind: 'notDone' }
  /** What its handler asks for next is the same effect, though it differs from what it was begun for. */
  | { readonly kind: 'acceptInput' };

/** Whose effect is decided, and in which ledger. */
export type DecideEffectOptions = EffectOwner & WhichEffect;

/** Who has an effect: the handler of a subscriber, or a producer that has called `effect`. */
export type EffectOwner =
  | { readonly subscriber: string; readonly producer?: never }
  | { readonly producer: string; readonly subscriber?: never };

interface WhichEffect {
  /** Its name, or `<name>/<part>`. @default the only one of the message, or the only one that is not done */
  readonly effect?: string;
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/**
 * Writes down what became of an effect of a message, or of one that a producer has called. The message is not sent again by it:
 * redrive its letter.
 *
 * @param name the id of the message; of a producer's effect, its key
 * @throws EffectUndecidable when no such effect has begun, it is not clear which is meant, or it may still be running
 * @throws InvalidPayload, LimitExceeded when the answer is no JSON of at most 64 KB
 */
export async function decideEffect(
  name: string,
  decision: EffectDecision,
  { effect, environment = environmentOf(), ...owner }: DecideEffectOptions,
): Promise<FoundEffect> {
  const ledger = ledgerOf(environment);
  const all = await effectsOfOwner(ledger, name, owner);
  const found = theOne(stillOpen(all, decision), name, owner.subscriber ?? owner.producer, effect);
  refuseIfOpen(found, decision, environment.now());
  const next = nextState(found, decision);
  const place = { key: found.key, attribute: `effect:${found.name}`, ttl: 0 } as const;
  const { kind } = await moveEffect(ledger, place, found.state, next);
  if (kind === 'written') return found;
  throw new EffectUndecidable(`The effect '${found.name}' has changed meanwhile: look again`);
}

/** All effects of a message at a subscriber, or those that a producer has called under a key. */
export function effectsOfOwner(
  ledger: Ledger,
  name: string,
  { subscriber, producer }: EffectOwner,
): Promise<FoundEffect[]> {
  return subscriber === undefined ? effectsCalled(ledger, producer, name) : effectsOf(ledger, subscriber, name);
}

function nextState({ name, state }: FoundEffect, decision: EffectDecision): FoundEffect['state'] | undefined {
  switch (decision.kind) {
    case 'done':
      return { ...state, state: 'done', result: keptAnswer(name, decision.answer) };
    case 'notDone':
      return undefined;
    case 'acceptInput':
      return { ...state, input: ANY_INPUT };
  }
}

/** Where some are done and others are not, only these want a decision on whether they were. */
function stillOpen(all: readonly FoundEffect[], { kind }: EffectDecision): readonly FoundEffect[] {
  const open = all.filter(({ state }) => state.state === 'running');
  return kind === 'acceptInput' || open.length === 0 ? all : open;
}

function theOne(found: readonly FoundEffect[], asked: string, owner: string, effect: string | undefined): FoundEffect {
  const named = effect === undefined ? found : found.filter(({ name }) => name === effect);
  const [first, ...others] = named;
  if (first && others.length === 0) return first;
  const what = effect === undefined ? 'no effect' : `no effect '${effect}'`;
  throw new EffectUndecidable(
    first
      ? `'${asked}' has ${named.length} effects at '${owner}': say which of ${named.map(({ name }) => name).join(', ')}`
      : `'${asked}' has begun ${what} at '${owner}'`,
  );
}

function refuseIfOpen({ name, state }: FoundEffect, { kind }: EffectDecision, now: number): void {
  if (kind === 'acceptInput') return;
  if (state.state === 'done') throw new EffectUndecidable(`The effect '${name}' is done, and its answer is kept`);
  if (now <= state.until) {
    throw new EffectUndecidable(
      `The effect '${name}' may be running until ${new Date(state.until).toISOString()}: decide after that`,
    );
  }
}
