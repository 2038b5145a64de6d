import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from './duration.ts';
import type { EventDefinition, EventInput } from './event.ts';
import type { SagaDefinition, SagaFailure, Select } from './saga-shape.ts';
import type { StepDefinition, StepRequest, StepResult } from './step.ts';

/** How long a step of a saga may take. */
export interface SagaStepOptions {
  /**
   * How long after its command the step may end, all its attempts included: then its command has expired, and is given once
   * more. From '1s' to '14d'.
   * @default '1h'
   */
  readonly within?: Duration;
}

/** How a saga waits for an event. */
export interface WaitOptions<Scope, Event extends EventDefinition> {
  /** Picks of the event whose it is: a text or a number, e.g. an order id. It selects, and computes nothing. */
  readonly where: Select<EventInput<Event>, string | number>;
  /** Picks what that is for an execution. No two executions may wait for the same at once. */
  readonly is: Select<Scope, string | number>;
  /** How long it waits, from '1s' to '300d': an execution of Step Functions ends after a year. */
  readonly within: Duration;
  /** When the event has not come by then: 'undo', or what the saga goes on with in its place. @default 'undo' */
  readonly otherwise?: 'undo' | EventInput<Event>;
}

/** How an undo that fails is tried again, each time by a new command, before somebody is asked. */
export interface UnwindOptions {
  /** Commands after the first one, from 0 to 1,000. @default 72 */
  readonly tries?: number;
  /** The longest wait between two of them, from '1s' to '1d'. They wait 10 seconds at first, then twice as long each time. @default '1h' */
  readonly longest?: Duration;
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
  /**
   * Waits for an event, e.g. for the approval of a person: for the first one of which `where` is what `is` selects. One that has
   * come before the saga got there counts. Later steps select from it.
   *
   * @param name its name in the saga, by which later steps select from the event's payload
   */
  waitFor<const WaitName extends string, Event extends EventDefinition>(
    name: WaitName,
    event: Event,
    options: WaitOptions<Scope, Event>,
  ): SagaBuilder<Name, Input, Output, Scope & { readonly [In in WaitName]: EventInput<Event> }, Known>;
  /** Ends the declaration: says what is published when all steps are done, and when all are undone. @default nothing */
  ends<Completed extends EventDefinition = never, Compensated extends EventDefinition = never>(ends?: {
    readonly completed?: SagaEnding<Scope, Completed>;
    readonly compensated?: SagaEnding<{ readonly input: Output; readonly failure: SagaFailure }, Compensated>;
  }): SagaDefinition<Name, Input, Output, Known>;
}
