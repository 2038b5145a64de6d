import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Duration, durationToMilliseconds } from './duration.ts';
import { InvalidDefinition } from './errors.ts';
import { defineEvent, type EventDefinition, type EventInput } from './event.ts';
import { portable, SAGA_LIMITS } from './saga-data.ts';
import { requireStandardSchema, validate } from './schema.ts';
import type { Inner, StepDefinition, StepRequest, StepResult } from './step.ts';

/** Picks what a step is asked for from what is known by then: it selects, and computes nothing. */
export type Select<Scope, Request> = (scope: Scope) => Request;

/** How long a step of a saga may take. */
export interface SagaStepOptions {
  /**
   * How long after its command the step may end, all its attempts included: then its command has expired, and is given once
   * more. From '1s' to '14d'.
   * @default '1h'
   */
  readonly within?: Duration;
}

/** One step of a saga. */
export interface SagaStep {
  /** Its name in the saga. */
  readonly name: string;
  readonly step: StepDefinition;
  readonly select: Select<never, unknown>;
  /** Milliseconds. */
  readonly within: number;
}

/** How a saga ended without having completed, as what is published then may say. */
export interface SagaFailure {
  /** The error's code: `rejected`, `condition-failed`, `attempts-exhausted`, `States.Timeout` … */
  readonly code: string;
  /** What the error says. */
  readonly reason: string;
}

/** What is published at the end of a saga. */
export interface SagaEnd {
  readonly event: EventDefinition;
  readonly select: Select<never, unknown>;
}

/** How an undo that fails is tried again, each time by a new command, before somebody is asked. */
export interface UnwindOptions {
  /** Commands after the first one, from 0 to 1,000. @default 72 */
  readonly tries?: number;
  /** The longest wait between two of them, from '1s' to '1d'. They wait 10 seconds at first, then twice as long each time. @default '1h' */
  readonly longest?: Duration;
}

/**
 * Steps that are all done, or undone in reverse order. It is the definition of the event that starts it too, `saga.<name>`:
 * whoever may publish that event may start the saga.
 */
export interface SagaDefinition<
  Name extends string = string,
  Input = unknown,
  Output = unknown,
  Steps extends Readonly<Record<string, StepDefinition>> = Readonly<Record<string, StepDefinition>>,
> extends EventDefinition<`saga.${Name}`, Input, Output> {
  readonly saga: SagaShape<Steps>;
}

/** What a saga does. */
export interface SagaShape<
  Steps extends Readonly<Record<string, StepDefinition>> = Readonly<Record<string, StepDefinition>>,
> {
  readonly name: string;
  /** Its steps, by their names in the saga. */
  readonly steps: Steps;
  /** One after the other; those of one stage side by side. */
  readonly stages: readonly (readonly SagaStep[])[];
  readonly completed?: SagaEnd;
  readonly compensated?: SagaEnd;
  readonly unwind: { readonly tries: number; readonly longestSeconds: number };
}

/** What `defineSaga` takes besides the name. */
export interface SagaOptions<Input extends StandardSchemaV1> {
  /** Of what it is started with: JSON of at most 192 KB. */
  readonly input: Input;
  /** The business key, e.g. an order id: of the saga's messages, and of the events that it ends with. */
  readonly key: (input: NoInfer<StandardSchemaV1.InferOutput<Input>>) => string;
  /** The row of the radar that the saga belongs to. @default 'sagas' */
  readonly businessLine?: string;
  /** Raised by a breaking change of its input. @default 1 */
  readonly version?: number;
  /** How an undo that fails is tried again. */
  readonly unwind?: UnwindOptions;
}

/** Steps that run side by side: by name, the step, what it is asked for, and its options. */
export type Branches<Scope, Steps extends Readonly<Record<string, StepDefinition>>> = {
  readonly [Name in keyof Steps]: readonly [
    step: Steps[Name],
    select: Select<Scope, StepRequest<Steps[Name]>>,
    options?: SagaStepOptions,
  ];
};

/** An event, with what it is published with; alone where the saga's input is that already. */
export type SagaEnding<Scope extends { readonly input: unknown }, Event extends EventDefinition> =
  | (Scope['input'] extends EventInput<Event> ? Event : never)
  | readonly [event: Event, select: Select<Scope, EventInput<Event>>];

/** A saga that is being declared: what is known at this point is `Scope`. */
export interface SagaBuilder<
  Name extends string,
  Input,
  Output,
  Scope extends { readonly input: Output },
  Known extends Readonly<Record<string, StepDefinition>>,
> {
  /**
   * Adds a step that runs when those before it are done.
   *
   * @param name its name in the saga, by which later steps select from its answer
   * @param select picks what it is asked for
   */
  step<const StepName extends string, Step extends StepDefinition>(
    name: StepName,
    step: Step,
    select: Select<Scope, StepRequest<Step>>,
    options?: SagaStepOptions,
  ): SagaBuilder<
    Name,
    Input,
    Output,
    Scope & { readonly [In in StepName]: StepResult<Step> },
    Known & { readonly [In in StepName]: Step }
  >;
  /** Adds steps that run side by side, from 2 to 20. When one of them fails, all are undone. */
  all<Steps extends Readonly<Record<string, StepDefinition>>>(
    branches: Branches<Scope, Steps>,
  ): SagaBuilder<Name, Input, Output, Scope & { readonly [In in keyof Steps]: StepResult<Steps[In]> }, Known & Steps>;
  /** Ends the declaration: says what is published when all steps are done, and when all are undone. @default nothing */
  ends<Completed extends EventDefinition = never, Compensated extends EventDefinition = never>(ends?: {
    readonly completed?: SagaEnding<Scope, Completed>;
    readonly compensated?: SagaEnding<{ readonly input: Output; readonly failure: SagaFailure }, Compensated>;
  }): SagaDefinition<Name, Input, Output, Known>;
}

const SAGA_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** What a JavaScript and a JSONata variable can be called. */
const STEP_NAME = /^[a-z][A-Za-z0-9]*$/;
const MOST_STEPS = 50;
const MOST_BRANCHES = 20;
const LONGEST_WITHIN = '14d';

/**
 * Declares a saga. It compiles to a state machine of AWS Step Functions, which the construct `Saga` deploys.
 *
 * @throws InvalidDefinition when a name, a schema, a duration or the number of steps cannot work
 * @example
 * const PlaceOrder = defineSaga('place-order', { input: Order, key: (order) => order.orderId })
 *   .step('reserve', Reserve, ({ input }) => ({ sku: input.sku, quantity: input.quantity }))
 *   .step('charge', Charge, ({ input, reserve }) => ({ orderId: input.orderId, hold: reserve.hold }), { within: '10m' })
 *   .ends({ completed: OrderConfirmed, compensated: OrderRefused });
 */
export function defineSaga<const Name extends string, Input extends StandardSchemaV1>(
  name: Name,
  options: SagaOptions<Input>,
): SagaBuilder<
  Name,
  StandardSchemaV1.InferInput<Input>,
  StandardSchemaV1.InferOutput<Input>,
  { readonly input: StandardSchemaV1.InferOutput<Input> },
  Readonly<Record<never, StepDefinition>>
> {
  const { input, key, businessLine = 'sagas', version = 1, unwind = {} } = options;
  if (typeof name !== 'string' || !SAGA_NAME.test(name) || name.length > 40) {
    throw new InvalidDefinition(
      `'${name}' is not a saga name: give at most 40 characters of lower-case words joined by '-', e.g. 'place-order'`,
    );
  }
  requireStandardSchema(input, `${name}, its input`);
  const event = defineEvent(`saga.${name}`, { schema: startSchema(name, input), key, businessLine });
  return new Declaration(
    { ...event, version },
    { name, steps: {}, stages: [], unwind: unwindOf(name, unwind) },
  ) as never;
}

/** A saga so far, without its types. */
class Declaration {
  readonly #event: EventDefinition;
  readonly #shape: SagaShape;

  constructor(event: EventDefinition, shape: SagaShape) {
    this.#event = event;
    this.#shape = shape;
  }

  step(name: string, step: StepDefinition, select: Select<never, unknown>, options: SagaStepOptions = {}): Declaration {
    return this.#with([this.#step(name, step, select, options)]);
  }

  all(branches: Branches<never, Readonly<Record<string, StepDefinition>>>): Declaration {
    const steps = Object.entries(branches).map(([name, [step, select, options]]) =>
      this.#step(name, step, select, options),
    );
    if (steps.length < 2 || steps.length > MOST_BRANCHES) {
      throw new InvalidDefinition(
        `The saga '${this.#shape.name}' has ${steps.length} steps side by side: give \`all\` from 2 to ${MOST_BRANCHES}`,
      );
    }
    return this.#with(steps);
  }

  ends(ends: { readonly completed?: unknown; readonly compensated?: unknown } = {}): SagaDefinition {
    const { name, stages } = this.#shape;
    if (stages.length === 0) throw new InvalidDefinition(`The saga '${name}' has no step: give one`);
    const completed = this.#end('completed', ends.completed);
    const compensated = this.#end('compensated', ends.compensated);
    const saga = { ...this.#shape, ...(completed && { completed }), ...(compensated && { compensated }) };
    return { ...this.#event, saga } as SagaDefinition;
  }

  #with(stage: readonly SagaStep[]): Declaration {
    const stages = [...this.#shape.stages, stage];
    const names = stages.flat().map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw new InvalidDefinition(`The saga '${this.#shape.name}' has the step '${twice}' twice`);
    if (names.length > MOST_STEPS) {
      throw new InvalidDefinition(
        `The saga '${this.#shape.name}' has more than ${MOST_STEPS} steps: let one step start another saga`,
      );
    }
    const steps = Object.fromEntries(stages.flat().map(({ name, step }) => [name, step]));
    return new Declaration(this.#event, { ...this.#shape, stages, steps });
  }

  #step(name: string, step: StepDefinition, select: Select<never, unknown>, options: SagaStepOptions = {}): SagaStep {
    const { within = '1h' } = options;
    const saga = this.#shape.name;
    if (!STEP_NAME.test(name) || name.length > 32 || name === 'input' || name === 'failure') {
      throw new InvalidDefinition(
        `'${name}' of the saga '${saga}' is not a step name: give at most 32 letters and digits that begin with a small one, and neither 'input' nor 'failure'`,
      );
    }
    if (typeof step?.undo !== 'string') {
      throw new InvalidDefinition(
        `'${name}' of the saga '${saga}' is no step: give what \`defineStep\` returned. Where that is undefined, modules import each other in a circle`,
      );
    }
    if (typeof select !== 'function') {
      throw new InvalidDefinition(
        `'${name}' of the saga '${saga}' is asked for nothing: give a function that selects its input, e.g. ({ input }) => ({ sku: input.sku })`,
      );
    }
    const milliseconds = durationToMilliseconds(within);
    if (milliseconds < 1_000 || milliseconds > durationToMilliseconds(LONGEST_WITHIN)) {
      throw new InvalidDefinition(
        `'${name}' of the saga '${saga}' may take ${within}: give \`within\` from '1s' to '${LONGEST_WITHIN}'`,
      );
    }
    return { name, step, select, within: milliseconds };
  }

  #end(what: 'completed' | 'compensated', given: unknown): SagaEnd | undefined {
    if (given === undefined) return undefined;
    const [event, select = wholeInput] = (Array.isArray(given) ? given : [given]) as Partial<
      [EventDefinition, SagaEnd['select']]
    >;
    if (typeof event?.type === 'string' && typeof select === 'function') return { event, select };
    throw new InvalidDefinition(
      `The saga '${this.#shape.name}' ends as ${what} with what is no event: give what \`defineEvent\` returned, or that and a function that selects its payload`,
    );
  }
}

function wholeInput({ input }: { readonly input: unknown }): unknown {
  return input;
}

function unwindOf(name: string, { tries = 72, longest = '1h' }: UnwindOptions): SagaShape['unwind'] {
  const longestSeconds = Math.ceil(durationToMilliseconds(longest) / 1_000);
  if (!Number.isInteger(tries) || tries < 0 || tries > 1_000 || longestSeconds < 1 || longestSeconds > 86_400) {
    throw new InvalidDefinition(
      `The saga '${name}' tries an undo ${tries} times again, up to ${longest} apart: give \`unwind: { tries, longest }\` from 0 to 1000, and from '1s' to '1d'`,
    );
  }
  return { tries, longestSeconds };
}

/** Refuses, wherever the saga is started, what its state machine could not carry. */
function startSchema<Input extends StandardSchemaV1>(
  name: string,
  input: Input,
): StandardSchemaV1<StandardSchemaV1.InferInput<Input>, StandardSchemaV1.InferOutput<Input>> & Inner {
  return {
    inner: input,
    '~standard': {
      version: 1,
      vendor: 'waybill',
      validate: (given) => {
        const value = validate(input, given, `saga.${name}`) as StandardSchemaV1.InferOutput<Input>;
        const wrong = portable(given, SAGA_LIMITS.inputBytes);
        return wrong ? { issues: [wrong] } : { value };
      },
    },
  };
}
