import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from './duration.ts';
import type { EffectDefinition } from './effect.ts';
import { InvalidDefinition } from './errors.ts';
import { type EventDefinition, frameworkEvent } from './event.ts';
import type { RetryOptions } from './retry.ts';
import { requireStandardSchema, type SchemaInput, type SchemaOutput, validate } from './schema.ts';
import { defineSubscriber, type SubscriberDefinition } from './subscriber.ts';
import type { AnyTable } from './table.ts';

/** What tells a step to run: which execution, as which of its steps, and what it is asked for. */
export interface RunCommand<Input = unknown> {
  /** The id of the message that started the saga. */
  readonly execution: string;
  /** The step's name in the saga. */
  readonly step: string;
  readonly input: Input;
}

/** What tells a step to undo what it has done in an execution: its input and its output lie in the ledger. */
export interface UndoCommand {
  readonly execution: string;
  readonly step: string;
}

/** Whether a step undoes what it has done, or says that nothing needs to be undone. */
export type Undo = 'handler' | 'none';

/**
 * A step of sagas: a subscriber whose messages are the commands of state machines. It consumes `step.<name>`, and unless it
 * has nothing to undo `step.<name>.undo`.
 */
export interface StepDefinition<
  Name extends string = string,
  Input extends StandardSchemaV1 = StandardSchemaV1,
  Output extends StandardSchemaV1 = StandardSchemaV1,
  Undoes extends Undo = Undo,
  Publishes extends readonly EventDefinition[] = readonly EventDefinition[],
  Tables extends readonly AnyTable[] = readonly AnyTable[],
  Effects extends readonly EffectDefinition[] = readonly EffectDefinition[],
> extends SubscriberDefinition<Name, readonly EventDefinition[], Publishes, Tables, Effects> {
  /** Of what it is asked for. */
  readonly input: Input;
  /** Of what it answers. */
  readonly output: Output;
  readonly undo: Undoes;
  readonly version: number;
}

/** Of what a step answers that has nothing to say. */
export type NoAnswer = StandardSchemaV1<void, Readonly<Record<never, never>>>;

/** What `defineStep` takes besides the name. */
export interface StepOptions<
  Input extends StandardSchemaV1,
  Output extends StandardSchemaV1,
  Publishes extends readonly EventDefinition[],
  Tables extends readonly AnyTable[],
  Effects extends readonly EffectDefinition[],
> {
  /** Of what the step is asked for: any synchronous Standard Schema over JSON. */
  readonly input: Input;
  /** Of what it answers, JSON of at most 32 KB. Later steps select from it, and `undo` is given it. @default it answers nothing */
  readonly output?: Output;
  /** The event types its handlers may publish. @default none */
  readonly publishes?: Publishes;
  /** The business tables its handlers may read and write. @default none */
  readonly tables?: Tables;
  /** The effects on services outside that its handlers may have done. @default none */
  readonly effects?: Effects;
  /** Raised by a breaking change of its input or output. @default 1 */
  readonly version?: number;
  /** The row of the radar that its commands belong to. @default 'sagas' */
  readonly businessLine?: string;
  /** How soon after its command it should have ended. @default '60s' */
  readonly deadline?: Duration;
  /** How a command that failed is tried again. @default 11 attempts, at most 15 minutes apart: 48 minutes in all */
  readonly retry?: RetryOptions;
}

/** What a step is asked for, as its schema makes it and its handlers see it. */
export type StepInput<Step> = SchemaOutput<Step, 'input'>;

/** What a saga gives a step. */
export type StepRequest<Step> = SchemaInput<Step, 'input'>;

/** What `run` answers, and later steps select from. */
export type StepAnswer<Step> = SchemaInput<Step, 'output'>;

/** What `undo` is given of what `run` has answered. */
export type StepResult<Step> = SchemaOutput<Step, 'output'>;

/**
 * Declares a step of sagas. Its handler is `consumeStep(<the step>, { run, undo })`; a step that has nothing to undo says
 * so by `undo: 'none'`.
 *
 * @throws InvalidDefinition when the name, a schema, the version or an option of its subscriber cannot work
 * @example
 * const Reserve = defineStep('reserve', {
 *   input: z.object({ sku: z.string(), quantity: z.int().positive() }),
 *   output: z.object({ hold: z.string() }),
 *   tables: [Stock],
 * });
 */
export function defineStep<
  const Name extends string,
  Input extends StandardSchemaV1,
  Output extends StandardSchemaV1 = NoAnswer,
  const Publishes extends readonly EventDefinition[] = readonly [],
  const Tables extends readonly AnyTable[] = readonly [],
  const Effects extends readonly EffectDefinition[] = readonly [],
  const Undoes extends 'none' | undefined = undefined,
>(
  name: Name,
  options: StepOptions<Input, Output, Publishes, Tables, Effects> & {
    /** 'none': nothing that the step has done needs to be undone. @default its handler has `undo` */
    readonly undo?: Undoes;
  },
): StepDefinition<Name, Input, Output, Undoes extends 'none' ? 'none' : 'handler', Publishes, Tables, Effects>;
export function defineStep(name: string, options: AnyStepOptions): StepDefinition {
  const {
    input,
    output = NO_ANSWER,
    undo,
    version = 1,
    businessLine = 'sagas',
    publishes,
    tables,
    effects,
    ...rest
  } = options;
  requireStandardSchema(input, `${name}, its input`);
  requireStandardSchema(output, `${name}, its output`);
  if (undo !== undefined && undo !== 'none') {
    throw new InvalidDefinition(`The step '${name}' has \`undo: '${undo}'\`: give 'none', or leave it out`);
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InvalidDefinition(`The step '${name}' has version ${version}: give a whole number from 1`);
  }
  const run = { ...commandEvent(`step.${name}`, businessLine, commandSchema(name, input)), version };
  const undone = { ...commandEvent(`step.${name}.undo`, businessLine, commandSchema(name)), version };
  const subscriber = defineSubscriber(name, {
    consumes: [run, ...(undo === 'none' ? [] : [undone])],
    publishes: publishes ?? NOTHING,
    tables: tables ?? NOTHING,
    effects: effects ?? NOTHING,
    ...rest,
  });
  return { ...subscriber, input, output, undo: undo ?? 'handler', version };
}

const NOTHING = [] as const;

type AnyStepOptions = { readonly undo?: 'none' | undefined } & StepOptions<
  StandardSchemaV1,
  StandardSchemaV1,
  readonly EventDefinition[],
  readonly AnyTable[],
  readonly EffectDefinition[]
>;

/** How the event types of commands begin. */
export const STEP_COMMANDS = 'step.';

/** The event type of a step's commands. */
export function commandType(step: string, kind: 'run' | 'undo'): string {
  return kind === 'run' ? `step.${step}` : `step.${step}.undo`;
}

function commandEvent(type: string, businessLine: string, schema: StandardSchemaV1<unknown, UndoCommand>) {
  // State machines write these messages, with the saga's business key.
  return frameworkEvent(type, { schema, key: ({ execution }) => execution, businessLine });
}

const NO_ANSWER: NoAnswer = {
  '~standard': {
    version: 1,
    vendor: 'waybill',
    ...{ jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) } },
    validate: (answer) =>
      answer === undefined || Object.keys(answer ?? '?').length === 0
        ? { value: {} }
        : { issues: [{ message: 'the step has no `output`, and answers something: give its definition one' }] },
  },
};

/** A schema of commands; `inner` is what tells its JSON Schema. */
function commandSchema(name: string, input?: StandardSchemaV1): StandardSchemaV1<unknown, UndoCommand> & Inner {
  const anything = { input: () => ({}), output: () => ({}) };
  return {
    ...(input && { inner: input }),
    '~standard': {
      version: 1,
      vendor: 'waybill',
      ...(!input && { jsonSchema: anything }),
      validate: (command) => {
        const { execution, step, input: asked } = (command ?? {}) as Partial<RunCommand>;
        if (typeof execution !== 'string' || typeof step !== 'string') {
          return { issues: [{ message: 'it names no execution and no step' }] };
        }
        if (!input) return { value: { execution, step } };
        return { value: { execution, step, input: validate(input, asked, name) } };
      },
    },
  };
}

/** A schema around another one. */
export interface Inner {
  readonly inner?: StandardSchemaV1;
}
