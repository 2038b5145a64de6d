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
}

/** How the types of events begin that start sagas. */
export const SAGA_EVENTS = 'saga.';

/** The name of the subscriber that starts a saga. */
export function starterName(saga: string): string {
  return `start-${saga}`;
}
