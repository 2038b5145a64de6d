import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Duration, durationToMilliseconds } from './duration.ts';
import { InvalidDefinition } from './errors.ts';
import { type EventDefinition, frameworkEvent } from './event.ts';
import type {
  Branches,
  SagaBuilder,
  SagaOptions,
  SagaStepOptions,
  UnwindOptions,
  WaitOptions,
} from './saga-builder.ts';
import { portable, SAGA_LIMITS } from './saga-data.ts';
import { SAGA_EVENTS } from './saga-settings.ts';
import {
  type SagaDefinition,
  type SagaEnd,
  type SagaShape,
  type SagaStage,
  type SagaStep,
  type SagaWait,
  type Select,
  stepsIn,
} from './saga-shape.ts';
import { requireStandardSchema, validate } from './schema.ts';
import type { Inner, StepDefinition } from './step.ts';

const SAGA_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** What a JavaScript and a JSONata variable can be called. */
const STEP_NAME = /^[a-z][A-Za-z0-9]*$/;
const MOST_STEPS = 50;
const MOST_BRANCHES = 20;
const LONGEST_WITHIN = '14d';
const LONGEST_WAIT = '300d';

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
  const event = frameworkEvent(`${SAGA_EVENTS}${name}`, { schema: startSchema(name, input), key, businessLine });
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

  waitFor(name: string, event: EventDefinition, options: WaitOptions<never, EventDefinition>): Declaration {
    return this.#with(this.#wait(name, event, options));
  }

  ends(ends: { readonly completed?: unknown; readonly compensated?: unknown } = {}): SagaDefinition {
    const { name, stages } = this.#shape;
    if (stepsIn(stages).length === 0) throw new InvalidDefinition(`The saga '${name}' has no step: give one`);
    const completed = this.#end('completed', ends.completed);
    const compensated = this.#end('compensated', ends.compensated);
    const saga = { ...this.#shape, ...(completed && { completed }), ...(compensated && { compensated }) };
    return { ...this.#event, saga } as SagaDefinition;
  }

  #with(stage: SagaStage): Declaration {
    const stages = [...this.#shape.stages, stage];
    const names = stages
      .flatMap((one): readonly { readonly name: string }[] => ('event' in one ? [one] : one))
      .map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw new InvalidDefinition(`The saga '${this.#shape.name}' has the step '${twice}' twice`);
    if (names.length > MOST_STEPS) {
      throw new InvalidDefinition(
        `The saga '${this.#shape.name}' has more than ${MOST_STEPS} steps: let one step start another saga`,
      );
    }
    const steps = Object.fromEntries(stepsIn(stages).map(({ name, step }) => [name, step]));
    return new Declaration(this.#event, { ...this.#shape, stages, steps });
  }

  #step(name: string, step: StepDefinition, select: Select<never, unknown>, options: SagaStepOptions = {}): SagaStep {
    const { within = '1h' } = options;
    const saga = this.#shape.name;
    this.#refuseName(name);
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
    return { name, step, select, within: this.#within(name, within, LONGEST_WITHIN) };
  }

  #wait(name: string, event: EventDefinition, options: Partial<WaitOptions<never, EventDefinition>> = {}): SagaWait {
    const { where, is, within, otherwise = 'undo' } = options;
    const what = `'${name}' of the saga '${this.#shape.name}'`;
    this.#refuseName(name);
    if (typeof event?.type !== 'string') {
      throw new InvalidDefinition(`${what} waits for what is no event: give what \`defineEvent\` returned`);
    }
    if (event.upgrade) {
      throw new InvalidDefinition(
        `${what} waits for '${event.type}' version ${event.version}, whose older versions nobody upgrades there: give the version another event type`,
      );
    }
    if (typeof where !== 'function' || typeof is !== 'function') {
      throw new InvalidDefinition(
        `${what} does not say whose event it waits for: give \`where\` and \`is\`, e.g. { where: (event) => event.orderId, is: ({ input }) => input.orderId }`,
      );
    }
    if (within === undefined)
      throw new InvalidDefinition(`${what} has no \`within\`: say how long it waits, e.g. '7d'`);
    if (otherwise !== 'undo') {
      validate(event.schema, otherwise, `${what}, its \`otherwise\``);
      const wrong = portable(otherwise, SAGA_LIMITS.outputBytes);
      if (wrong) throw new InvalidDefinition(`${what} has an \`otherwise\` that cannot be carried: ${wrong.message}`);
    }
    const milliseconds = this.#within(name, within, LONGEST_WAIT);
    return { name, event, where, is, within: milliseconds, ...(otherwise !== 'undo' && { otherwise }) };
  }

  #refuseName(name: string): void {
    if (STEP_NAME.test(name) && name.length <= 32 && name !== 'input' && name !== 'failure') return;
    throw new InvalidDefinition(
      `'${name}' of the saga '${this.#shape.name}' is not a step name: give at most 32 letters and digits that begin with a small one, and neither 'input' nor 'failure'`,
    );
  }

  #within(name: string, within: Duration, longest: Duration): number {
    const milliseconds = durationToMilliseconds(within);
    if (milliseconds >= 1_000 && milliseconds <= durationToMilliseconds(longest)) return milliseconds;
    throw new InvalidDefinition(
      `'${name}' of the saga '${this.#shape.name}' may take ${within}: give \`within\` from '1s' to '${longest}'`,
    );
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
  if (!Number.isInteger(tries) || tries < 0 || tries > 1_000 || longestSeconds > 86_400) {
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
