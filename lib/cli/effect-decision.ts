import type { Environment } from '../aws/environment.ts';
import { InvalidPayload } from '../contract/errors.ts';
import { parseJson } from '../contract/json.ts';
import { type EffectDecision, type EffectOwner, effectsOfOwner } from '../effect/decide.ts';
import { ledgerOf } from '../ledger/ledger.ts';

/** The options that say what became of an effect. */
export interface DecisionOptions {
  readonly done?: string;
  readonly notDone?: boolean;
  readonly acceptInput?: boolean;
}

/** An effect as it is shown. */
export interface ShownEffect {
  readonly name: string;
  readonly state: 'running' | 'done' | 'unknown';
  /** When it was begun, in milliseconds since the epoch. */
  readonly since: number;
  /** After this moment its owner runs no more, in milliseconds since the epoch. */
  readonly until: number;
}

/** The effects of a message, or of a producer's key. */
export async function shownEffects(environment: Environment, id: string, owner: EffectOwner): Promise<ShownEffect[]> {
  const now = environment.now();
  return (await effectsOfOwner(ledgerOf(environment), id, owner)).map(({ name, state }) => ({
    name,
    state: state.state === 'running' && now > state.until ? 'unknown' : state.state,
    since: state.since,
    until: state.until,
  }));
}

/** An effect in words. */
export function effectLine({ name, state, since }: ShownEffect): string {
  return `${name}  ${state}, begun ${new Date(since).toISOString()}`;
}

/** What a decision comes to, in words. */
export const SAID: Readonly<Record<EffectDecision['kind'], string>> = {
  done: 'done, and its answer is kept. Redrive the message if it was dead-lettered',
  notDone: 'not done: it is run again when the message comes again',
  acceptInput: 'whatever it is asked for next is taken for the same',
};

/**
 * The decision that was given; `undefined` where effects are to be shown.
 *
 * @throws InvalidPayload when the answer is no JSON
 */
export function decisionOf({ done, notDone, acceptInput }: DecisionOptions): EffectDecision | undefined {
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
