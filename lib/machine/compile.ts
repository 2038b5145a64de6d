import { InvalidDefinition } from '../contract/errors.ts';
import {
  isWait,
  type SagaDefinition,
  type SagaStage,
  type SagaStep,
  type SagaWait,
  stepsIn,
} from '../contract/saga-shape.ts';
import { endState } from './end-state.ts';
import { answerVariable, FAILURE_VARIABLE, jsonata, selectedExpression } from './expression.ts';
import { recordSelection } from './record-selection.ts';
import { EFFECT_UNKNOWN, runState, type State, type StateMachine, stuckState, undoState, waitState } from './states.ts';

/** The state machines of a saga, as their definitions in Amazon States Language. */
export interface CompiledSaga {
  /** Runs the steps, and undoes them where one fails. */
  readonly forward: StateMachine;
  /** Undoes whatever the steps have done: of executions that have ended without doing so themselves. */
  readonly unwind: StateMachine;
}

/** What a saga is compiled with. */
export interface CompileOptions {
  /** The name of the ledger's table. */
  readonly table: string;
}

/**
 * Compiles a saga to state machines whose query language is JSONata. Each step is a task that commits a message and waits
 * for its end; n steps in a row take n + 2 transitions.
 *
 * @throws InvalidDefinition when a selection computes, chooses or selects what is not known, or the event of an end has another
 * business key than the saga
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
 */
export function compileSaga(definition: SagaDefinition, { table }: CompileOptions): CompiledSaga {
  return new Compiler(definition, table).compile();
}

class Compiler {
  readonly #definition: SagaDefinition;
  readonly #table: string;

  constructor(definition: SagaDefinition, table: string) {
    this.#definition = definition;
    this.#table = table;
  }

  compile(): CompiledSaga {
    const { stages } = this.#definition.saga;
    const undo = this.#undoStates();
    const steps = stepsIn(stages);
    const states = Object.assign({}, ...stages.map((stage, index) => this.#stageStates(stage, index)));
    const forward = {
      ...this.#machine(`runs the saga`, this.#entryOf(0)),
      States: { ...states, ...this.#end('completed'), ...undo, ...this.#end('compensated') },
    };
    const failure = { Code: `{% 'unwound' %}`, Reason: `{% $states.context.Execution.Input.cause %}` };
    const begin: State = {
      Type: 'Pass',
      Assign: { [FAILURE_VARIABLE]: { code: failure.Code, reason: failure.Reason } },
      Output: {},
      Next: this.#undoFrom(steps.length - 1),
    };
    const unwind = {
      ...this.#machine('undoes what is left of the saga', 'begin'),
      States: { begin, ...undo, ...this.#end('compensated') },
    };
    return { forward, unwind };
  }

  #machine(does: string, StartAt: string) {
    return { Comment: `Waybill: ${does} '${this.#definition.saga.name}'`, QueryLanguage: 'JSONata' as const, StartAt };
  }

  /** Where the stage of this number begins: the end, after the last one. */
  #entryOf(index: number): string {
    const stage = this.#definition.saga.stages[index];
    if (stage && isWait(stage)) return stage.name;
    const [first] = stage ?? [];
    if (!stage || !first) return COMPLETED;
    return stage.length === 1 ? first.name : stage.map(({ name }) => name).join(' and ');
  }

  #stageStates(stage: SagaStage, index: number): Record<string, State> {
    const last = stepsIn(this.#definition.saga.stages.slice(0, index + 1)).length - 1;
    const Next = this.#entryOf(index + 1);
    const compensate = this.#undoFrom(last);
    const known = this.#knownAt(index);
    if (isWait(stage)) return this.#waitStates(stage, known, { Next, compensate });
    const [only] = stage;
    if (only && stage.length === 1) return this.#stepStates(only, known, { Next, compensate });
    const branches = stage.map((step) => {
      // The name of a state is its own in all of the machine, branches included.
      const skipped = `${SKIPPED} ${step.name}`;
      const fail: State = { Type: 'Fail', Error: EFFECT_UNKNOWN, Cause: 'Skipped by an operator' };
      const states = this.#stepStates(step, known, { compensate: skipped });
      return { StartAt: step.name, States: { ...states, ...(step.step.effects.length > 0 && { [skipped]: fail }) } };
    });
    const answers = stage.map(({ name }, branch) => [answerVariable(name), jsonata(`$states.result[${branch}]`)]);
    return {
      [this.#entryOf(index)]: {
        Type: 'Parallel',
        Branches: branches,
        Assign: Object.fromEntries(answers),
        Output: {},
        Catch: [{ ErrorEquals: ['States.ALL'], Assign: FAILED, Output: {}, Next: compensate }],
        Next,
      },
    };
  }

  /** A step, and what waits for somebody where nobody knows what it has done outside. In a branch it has no `Next`. */
  #stepStates(
    step: SagaStep,
    known: readonly string[],
    { Next, compensate }: { readonly Next?: string; readonly compensate: string },
  ): Record<string, State> {
    const { saga } = this.#definition;
    const what = `'${step.name}' of the saga '${saga.name}'`;
    const input = selectedExpression(recordSelection(step.select, known, what));
    const place = { definition: this.#definition, table: this.#table, step };
    const run = runState(place, input);
    const hasEffects = step.step.effects.length > 0;
    const stuck = `stuck at ${step.name}`;
    const isBranch = Next === undefined;
    const unknown = { ErrorEquals: [EFFECT_UNKNOWN], Assign: FAILED, Output: {}, Next: stuck };
    const failed = { ErrorEquals: ['States.ALL'], Assign: FAILED, Output: {}, Next: compensate };
    // Whatever fails in a branch fails the stage, which undoes all of it.
    const catches = [...(hasEffects ? [unknown] : []), ...(isBranch ? [] : [failed])];
    return {
      [step.name]: {
        ...run,
        ...(catches.length > 0 && { Catch: catches }),
        ...(isBranch
          ? { Output: jsonata('$states.result'), End: true }
          : { Assign: { [answerVariable(step.name)]: jsonata('$states.result') }, Output: {}, Next }),
      },
      ...(hasEffects && { [stuck]: stuckState(place, 'run', { retry: step.name, skip: compensate }) }),
    };
  }

  /** Goes on with the event, or without it where the saga says with what. */
  #waitStates(
    wait: SagaWait,
    known: readonly string[],
    { Next, compensate }: { readonly Next: string; readonly compensate: string },
  ): Record<string, State> {
    const what = `'${wait.name}' of the saga '${this.#definition.saga.name}'`;
    const value = selectedExpression(recordSelection(wait.is, known, `${what}, its \`is\`,`));
    const answer = answerVariable(wait.name);
    const late = 'otherwise' in wait && {
      ErrorEquals: ['States.Timeout'],
      Assign: { [answer]: jsonata(JSON.stringify(wait.otherwise)) },
      Output: {},
      Next,
    };
    const failed = { ErrorEquals: ['States.ALL'], Assign: FAILED, Output: {}, Next: compensate };
    return {
      [wait.name]: {
        ...waitState({ definition: this.#definition, table: this.#table, wait }, value),
        Catch: [...(late ? [late] : []), failed],
        Assign: { [answer]: jsonata('$states.result') },
        Output: {},
        Next,
      },
    };
  }

  /** Names of what may be selected in a stage: the input, and the answers of the steps before it. */
  #knownAt(index: number): string[] {
    const before = this.#definition.saga.stages.slice(0, index);
    const named = before.flatMap((stage): readonly { readonly name: string }[] => (isWait(stage) ? [stage] : stage));
    return ['input', ...named.map(({ name }) => name)];
  }

  /** Where undoing begins when this step and those before it may have done something. */
  #undoFrom(last: number): string {
    const steps = stepsIn(this.#definition.saga.stages).slice(0, last + 1);
    const step = steps.findLast((one) => one.step.undo !== 'none');
    return step ? `undo ${step.name}` : COMPENSATED;
  }

  #undoStates(): Record<string, State> {
    const steps = stepsIn(this.#definition.saga.stages);
    const states = steps.flatMap((step, index): [string, State][] => {
      if (step.step.undo === 'none') return [];
      const place = { definition: this.#definition, table: this.#table, step };
      const [undo, stuck, Next] = [`undo ${step.name}`, `stuck undoing ${step.name}`, this.#undoFrom(index - 1)];
      return [
        [
          undo,
          {
            ...undoState(place),
            Catch: [{ ErrorEquals: ['States.ALL'], Assign: STUCK, Output: {}, Next: stuck }],
            Next,
          },
        ],
        [stuck, stuckState(place, 'undo', { retry: undo, skip: Next })],
      ];
    });
    return Object.fromEntries(states.reverse());
  }

  #end(state: 'completed' | 'compensated'): Record<string, State> {
    const { saga, key } = this.#definition;
    const known = state === 'completed' ? this.#knownAt(saga.stages.length) : ['input', 'failure'];
    try {
      return endState({ saga: saga.name, table: this.#table, state, end: saga[state], known, key });
    } catch (error) {
      if (error instanceof InvalidDefinition) throw error;
      throw new InvalidDefinition(`The end '${state}' of the saga '${saga.name}' cannot be compiled`, { cause: error });
    }
  }
}

export const COMPLETED = 'completed';
export const COMPENSATED = 'compensated';
const SKIPPED = 'skipped';

/** Says why the saga is undone. */
const FAILED = {
  [FAILURE_VARIABLE]: {
    code: jsonata('$states.errorOutput.Error'),
    reason: jsonata("$states.errorOutput.Cause ? $states.errorOutput.Cause : ''"),
  },
};

/** Says why an undo has failed. */
const STUCK = { sagaStuck: FAILED[FAILURE_VARIABLE] };
