import { type ConsumeOptions, createConsumer, type HandlerContext } from '../consume/consume.ts';
import type { Consumer } from '../consume/consumer.ts';
import type { AnyHandler, HandlerRun } from '../consume/invocation.ts';
import type { EffectDefinition, EffectResult } from '../contract/effect.ts';
import { InvalidDefinition, InvalidPayload, LimitExceeded } from '../contract/errors.ts';
import { wirePayload } from '../contract/json.ts';
import { portable, SAGA_LIMITS } from '../contract/saga-data.ts';
import { pathOf, validate } from '../contract/schema.ts';
import {
  commandType,
  type RunCommand,
  type StepAnswer,
  type StepDefinition,
  type StepInput,
  type StepResult,
} from '../contract/step.ts';
import { PendingTransaction } from '../transaction/pending-transaction.ts';
import { commandIn, commandsOf } from './commands.ts';
import type { AnyStepHandlers } from './step-handlers.ts';
import { beginStep, type StepPlace, stepAction } from './step-row.ts';
import { undoStep } from './undo-step.ts';

/** What a handler of a step is given beside its input. */
export type StepContext<Step extends StepDefinition> = HandlerContext<Step, string> & {
  /** The id of the execution: of the message that started the saga. */
  readonly execution: string;
};

/** What was done outside by a step that has not answered, by the effect's name, or `<name>/<part>`. */
export type DoneEffects<Effects extends readonly EffectDefinition[]> = {
  readonly [Effect in Effects[number] as Effect['name']]?: EffectResult<Effect>;
};

/** Runs a step. It may run more than once, and has its effects once, as a handler of `consume`. */
export type RunStepHandler<Step extends StepDefinition> = (
  input: StepInput<Step>,
  context: StepContext<Step>,
) => Promise<StepAnswer<Step>> | StepAnswer<Step>;

/**
 * Undoes what a step has done. It is called once at most, in effect, and only where something was done: the step has answered,
 * or has had effects outside without having come to an answer.
 *
 * @param output what the step has answered; of a step with effects it may be absent, and `effects` say what was done
 */
export type UndoStepHandler<Step extends StepDefinition> = (
  input: StepInput<Step>,
  output: Step['effects'] extends readonly [] ? StepResult<Step> : StepResult<Step> | undefined,
  context: StepContext<Step> & { readonly effects: DoneEffects<Step['effects']> },
) => Promise<void> | void;

/** The handlers of a step. */
export type StepHandlers<Step extends StepDefinition> = Step['undo'] extends 'none'
  ? { readonly run: RunStepHandler<Step>; readonly undo?: never }
  : { readonly run: RunStepHandler<Step>; readonly undo: UndoStepHandler<Step> };

/**
 * The Lambda handler of a step of sagas. What it does is committed with its answer, in one transaction; then the state machine
 * is told. `throw new Rejected(reason)` refuses, as a condition with `otherwise: 'deadLetter'` does: the saga is undone, and
 * nothing is dead-lettered. Whatever else is thrown is tried again, as by `consume`; a step that is given up ends the saga too.
 *
 * @throws InvalidDefinition when `run` is missing, `undo` is missing and the step does not say that it needs none, or `consume` throws it
 * @example
 * export const handler = consumeStep(Reserve, {
 *   run: async (line, { tx }) => {
 *     tx.update(Stock, { sku: line.sku }, { add: { quantity: -line.quantity }, when: { quantity: atLeast(line.quantity) }, otherwise: 'deadLetter' });
 *     return { hold: line.sku };
 *   },
 *   undo: async (line, { hold }, { tx }) => tx.update(Stock, { sku: hold }, { add: { quantity: line.quantity } }),
 * });
 */
export function consumeStep<Step extends StepDefinition>(
  step: Step,
  handlers: StepHandlers<Step>,
  options: ConsumeOptions = {},
): Consumer {
  const { run, undo } = (handlers ?? {}) as Partial<AnyStepHandlers>;
  if (typeof step?.undo !== 'string') {
    throw new InvalidDefinition('`consumeStep` was given no step: give what `defineStep` returned');
  }
  if (typeof run !== 'function') throw new InvalidDefinition(`The step '${step.name}' has no \`run\`: give a function`);
  if ((step.undo === 'handler') !== (typeof undo === 'function')) {
    throw new InvalidDefinition(
      step.undo === 'handler'
        ? `The step '${step.name}' has no \`undo\`: give a function, or say \`undo: 'none'\` in \`defineStep\``
        : `The step '${step.name}' has \`undo\`, and says in \`defineStep\` that it needs none: leave one of them out`,
    );
  }
  const byType: Record<string, AnyHandler> = {
    [commandType(step.name, 'run')]: (payload, context, inner) =>
      runStep(step, run, payload as RunCommand, context, inner),
  };
  if (undo) {
    byType[commandType(step.name, 'undo')] = (payload, context, inner) =>
      undoStep(step, { run, undo }, payload as RunCommand, context, inner);
  }
  return createConsumer(step, byType, options, commandsOf(step));
}

type Context = Parameters<AnyHandler>[1];

async function runStep(
  definition: StepDefinition,
  run: AnyStepHandlers['run'],
  { execution, step, input }: RunCommand,
  { tx, message }: Context,
  { ledger, effects }: HandlerRun,
): Promise<void> {
  const place: StepPlace = { execution, step, subscriber: definition.name };
  const asked = { message: message.id, input: JSON.stringify(commandIn(definition, effects.envelope).input) };
  let isOver = false;
  if (definition.effects.length > 0) {
    // What is undone must know whether anything may have been done outside.
    const known = await beginStep(ledger, place, { state: 'running', ...asked });
    isOver = known !== undefined && known.state !== 'running';
  }
  // The row says which command has brought the step to its end: its condition ends this one as a duplicate, or as cancelled.
  const output = isOver ? '{}' : answerOf(definition, await run(input, { tx, message, execution }));
  if (!(tx instanceof PendingTransaction)) throw new TypeError('A step has a transaction of another make');
  tx.accompany(stepAction(ledger, place, { state: 'done', ...asked, output }, ['absent', 'running']));
}

/** What a step has answered, as it is kept and the state machine is told. */
function answerOf({ name, output }: StepDefinition, answer: unknown): string {
  const what = `${name}, its answer`;
  const { data } = wirePayload(answer === undefined ? {} : answer, what);
  validate(output, data, what);
  const wrong = portable(data, SAGA_LIMITS.outputBytes);
  if (!wrong) return JSON.stringify(data);
  const field = pathOf(wrong.path);
  if (field === '') throw new LimitExceeded(`'${what}' cannot be carried: ${wrong.message}`);
  throw new InvalidPayload(`'${what}' cannot be carried at ${field}: ${wrong.message}`, { fields: [field] });
}
