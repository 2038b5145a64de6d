import { constants } from 'node:os';
import { WaybillError } from '../contract/errors.ts';

/** Somebody wanted the command to end before its work was done. */
export class Interrupted extends WaybillError {
  readonly code = 'interrupted';
  /** As shells say of a program that a signal ended. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super('Interrupted: everything that was started here is ended');
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** A wish to end, by Ctrl-C or SIGTERM, for a command that has something to clear away first. */
export interface Interruption {
  /** Aborted by the first signal, with `Interrupted` as its reason. Further signals change nothing: the end has begun. */
  readonly signal: AbortSignal;
  /** Leaves signals to the process again. */
  release(): void;
}

export function awaitInterruption(): Interruption {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => controller.abort(new Interrupted(signal));
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  };
}
