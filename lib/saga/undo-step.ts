import type { AnyHandler, HandlerRun } from '../consume/invocation.ts';
import type { EffectDefinition } from '../contract/effect.ts';
import { EffectUnknown, hasCode, NotDone } from '../contract/errors.ts';
import { validate } from '../contract/schema.ts';
import type { StepDefinition, UndoCommand } from '../contract/step.ts';
import { Effects } from '../effect/effects.ts';
import { fenceEffects, readEffects } from '../ledger/effect.ts';
import { effectsIn, effectsKey } from '../ledger/rows/effect.ts';
import { type SagaStepRow, stepEffectsId } from '../ledger/rows/saga.ts';
import { learnKeys } from '../ledger/signing.ts';
import { PendingTransaction } from '../transaction/pending-transaction.ts';
import type { AnyStepHandlers } from './step-handlers.ts';
import { readStep, type StepPlace, sagaTtl, stepAction } from './step-row.ts';

type Context = Parameters<AnyHandler>[1];
type UndoableHandlers = AnyStepHandlers & { readonly undo: NonNullable<AnyStepHandlers['undo']> };

/**
 * Undoes a step, by what its row says: what was done is undone by its handler. What has not run is marked, so that it never
 * will, though its command may come later.
 */
export async function undoStep(
  definition: StepDefinition,
  handlers: UndoableHandlers,
  { execution, step }: UndoCommand,
  context: Context,
  inner: HandlerRun,
): Promise<void> {
  const { ledger } = inner;
  const { tx, message } = context;
  if (!(tx instanceof PendingTransaction)) throw new TypeError('A step has a transaction of another make');
  const place: StepPlace = { execution, step, subscriber: definition.name };
  const row = await readStep(ledger, place);
  const kept = { message: row?.message, undoing: message.id, input: row?.input, output: row?.output };
  const hasEffects = definition.effects.length > 0;
  const mayHaveBegun = row?.state === 'running' || row?.state === 'refused' || row?.state === 'done';
  const effects =
    hasEffects && mayHaveBegun ? await settledEffects(definition, handlers, row, place, context, inner) : {};
  if (row?.state === 'done' || Object.keys(effects).length > 0) {
    const output = row?.output === undefined ? undefined : validate(definition.output, JSON.parse(row.output), step);
    const input = validate(definition.input, JSON.parse(row?.input ?? 'null'), step);
    await handlers.undo(input, output, { ...context, execution, effects });
    tx.accompany(stepAction(ledger, place, { state: 'undone', ...kept }, ['running', 'refused', 'done']));
  } else {
    // Of what is undone already, the condition fails: it ends as a duplicate.
    const from = row?.state === 'running' || row?.state === 'refused' ? row.state : 'absent';
    tx.accompany(stepAction(ledger, place, { state: 'void', ...kept }, [from]));
  }
}

/**
 * What a step has done outside. None of its effects begins any more, and of each that has begun it is found out how it ended.
 *
 * @throws EffectInProgress while one may be running
 * @throws EffectUnknown when nobody can tell
 */
async function settledEffects(
  definition: StepDefinition,
  { run }: AnyStepHandlers,
  row: SagaStepRow,
  { execution, step }: StepPlace,
  { message }: Context,
  { ledger, bindings, effects: outside }: HandlerRun,
): Promise<Readonly<Record<string, unknown>>> {
  const id = stepEffectsId(execution, step, 'run');
  const key = effectsKey(definition.name, id);
  const fenced = effectsIn(await fenceEffects(ledger, key, sagaTtl(ledger)));
  if (fenced.every(([, { result }]) => result !== undefined)) return resultsIn(fenced);
  // Its answer tells what was done, and a service that keeps keys is asked in vain.
  if (row.state === 'done') return resultsIn(fenced.filter(([, { result }]) => result !== undefined));

  const settling = new Effects({ ...outside, of: { id, ttl: sagaTtl(ledger) } });
  const results = new Map<string, unknown>();
  const refused = new Set<string>();
  const effect = (async (asked: EffectDefinition, input: never, call: SettledCall) => {
    // What surely was not done is not done any more. A service that keeps keys answers as it did.
    const run = asked.mode === 'keyed' ? call.run : refuseToRun;
    const name = call.part === undefined ? asked.name : `${asked.name}/${call.part}`;
    try {
      const result = await settling.call(asked, input, { ...call, run } as never);
      results.set(name, result);
      return result;
    } catch (error) {
      // A service that keeps keys, and refuses, has not done it by any request with the key.
      if (hasCode(error, 'effect-not-done')) refused.add(name);
      throw error;
    }
  }) as typeof settling.call;
  await learnKeys(ledger.environment);
  // What it writes is dropped: only what has become of its effects is asked for.
  const dropped = new PendingTransaction({ environment: ledger.environment, bindings, owner: definition.name });
  try {
    const input = validate(definition.input, JSON.parse(row.input ?? 'null'), step);
    await run(input, { tx: dropped, message: { ...message, effect }, execution });
  } catch (error) {
    const { error: thrown } = settling.failed ?? { error };
    if (UNSETTLED.some((code) => hasCode(thrown, code))) throw thrown;
    // Whatever else it failed with, it failed with when it ran, or stopped before an effect that never began.
  }
  const left = effectsIn((await readEffects(ledger, definition.name, id)) ?? { ...key, ttl: 0 });
  const open = left.find(([name, { result }]) => result === undefined && !results.has(name) && !refused.has(name));
  if (open) throw new EffectUnknown(`Nobody knows whether the effect '${open[0]}' of the step '${step}' was done`);
  return { ...resultsIn(left), ...Object.fromEntries(results) };
}

interface SettledCall {
  readonly run: unknown;
  readonly part?: string;
}

function refuseToRun(): never {
  throw new NotDone('It is undone');
}

const UNSETTLED = ['effect-in-progress', 'effect-unknown', 'effect-input-changed'];

function resultsIn(effects: ReturnType<typeof effectsIn>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    effects.flatMap(([name, { result }]) => (result === undefined ? [] : [[name, JSON.parse(result)]])),
  );
}
