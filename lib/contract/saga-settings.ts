import type { EventDefinition } from './event.ts';

/** What the functions of a saga are told of it, as the JSON of an environment variable. */
export interface SagaSettings {
  readonly name: string;
  /** The version of its input. */
  readonly version: number;
  readonly businessLine: string;
  /** The ARN of the state machine that runs its steps. */
  readonly machine: string;
  /** The ARN of the state machine that undoes what an execution has left. */
  readonly unwindMachine: string;
  /** Events that it waits for. @default none */
  readonly waits?: readonly SagaWaitSettings[];
}

/** An event that a saga waits for. */
export interface SagaWaitSettings {
  /** The wait's name in the saga. */
  readonly name: string;
  readonly event: Pick<EventDefinition, 'type' | 'version' | 'businessLine' | 'lifetime'>;
  /** The place in its payload that says whose it is. */
  readonly where: readonly string[];
  /** Milliseconds. */
  readonly within: number;
}

/** How the types of events begin that start sagas. */
export const SAGA_EVENTS = 'saga.';

/** The name of the subscriber that starts a saga. */
export function starterName(saga: string): string {
  return `start-${saga}`;
}

/** The name of the subscriber that hears what a saga waits for. It is a step, whose commands are to wait. */
export function waiterName(saga: string): string {
  return `wait-${saga}`;
}
