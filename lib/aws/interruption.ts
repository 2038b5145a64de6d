/** What ends a sleep early: an `AbortSignal`, or an `Interruption`. */
export interface Interrupting {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Ends one sleep early. An `AbortController` does so for any number of listeners, as an event, which takes as long as handling
 * half a record.
 */
export class Interruption implements Interrupting {
  aborted = false;
  #listener: (() => void) | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  abort(): void {
    this.aborted = true;
    this.#listener?.();
  }
}
