/** The handlers of a step, as the run time calls them. */
export interface AnyStepHandlers {
  readonly run: (input: unknown, context: object) => unknown;
  readonly undo?: (input: unknown, output: unknown, context: object) => unknown;
}
