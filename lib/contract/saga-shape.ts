import type { EventDefinition } from './event.ts';
import type { StepDefinition } from './step.ts';

/** Picks what a step is asked for from what is known by then: it selects, and computes nothing. */
export type Select<Scope, Request> = (scope: Scope) => Request;

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
  /** One after the other. */
  readonly stages: readonly SagaStage[];
  readonly completed?: SagaEnd;
  readonly compensated?: SagaEnd;
  readonly unwind: { readonly tries: number; readonly longestSeconds: number };
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

/** A stage of a saga: steps side by side, or one alone, or a wait for an event. */
export type SagaStage = readonly SagaStep[] | SagaWait;

/** Where a saga waits for an event, or for a person who publishes one. */
export interface SagaWait {
  /** Its name in the saga. */
  readonly name: string;
  readonly event: EventDefinition;
  /** Picks of the event by what it is known whose it is. */
  readonly where: Select<never, unknown>;
  /** Picks what that must be for an execution. */
  readonly is: Select<never, unknown>;
  /** Milliseconds. */
  readonly within: number;
  /** What the saga goes on with when the event has not come; absent where it is undone then. */
  readonly otherwise?: unknown;
}

/** The steps of a saga, the first one first. */
export function stepsIn(stages: readonly SagaStage[]): SagaStep[] {
  return stages.flatMap((stage) => (isWait(stage) ? [] : stage));
}

/** The waits of a saga, the first one first. */
export function waitsIn(stages: readonly SagaStage[]): SagaWait[] {
  return stages.filter(isWait);
}

/** Whether a stage is a wait. */
export function isWait(stage: SagaStage): stage is SagaWait {
  return 'event' in stage;
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
