import type { StreamRecord } from './stream-reader.ts';

/** @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html */
const MAX_STATE_BYTES = 1024 * 1024;
/** So long after its end a window waits for records, while none of a later one come. */
const PATIENCE_MS = 120_000;

/** How a function is told of the window that its records belong to. */
export interface WindowFields {
  /** ISO 8601, to the second. */
  readonly window: { readonly start: string; readonly end: string };
  readonly state: object;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

/**
 * The window that a shard's records fall into by the time at which they came, and the state that a function hands on from
 * one invocation to the next.
 */
export class TumblingWindow {
  readonly #size: number;
  #start: number | undefined;
  #state: object = {};

  /** @param size in milliseconds */
  constructor(size: number) {
    this.#size = size;
  }

  get isOpen(): boolean {
    return this.#start !== undefined;
  }

  /** When an open window is over though nothing else comes, in milliseconds since the epoch. */
  get overAt(): number {
    return (this.#start ?? 0) + this.#size + PATIENCE_MS;
  }

  /** Whether a record belongs to the window, or would open one. A record that is late for an earlier one does. */
  takes(record: StreamRecord): boolean {
    return this.#start === undefined || this.#startOf(record) <= this.#start;
  }

  /** Opens the window of a record, unless one is open. */
  open(record: StreamRecord): void {
    this.#start ??= this.#startOf(record);
  }

  fields(isFinal: boolean): WindowFields {
    const start = this.#start ?? 0;
    return {
      window: { start: secondsOf(start), end: secondsOf(start + this.#size) },
      state: this.#state,
      isFinalInvokeForWindow: isFinal,
      isWindowTerminatedEarly: isFinal && this.isTooLarge,
    };
  }

  /** Whether the state is larger than Lambda keeps one: then the window is terminated early. */
  get isTooLarge(): boolean {
    return Buffer.byteLength(JSON.stringify(this.#state)) > MAX_STATE_BYTES;
  }

  keep(state: object): void {
    this.#state = state;
  }

  /** After its final invocation: where it was terminated early, it goes on with a fresh state. */
  close(): void {
    if (!this.isTooLarge) this.#start = undefined;
    this.#state = {};
  }

  #startOf({ arrivedAt }: StreamRecord): number {
    return Math.floor(arrivedAt / this.#size) * this.#size;
  }
}

/** The state in a function's answer; without one, the invocation has failed. */
export function stateIn(answer: unknown): object | undefined {
  if (typeof answer !== 'object' || answer === null || !('state' in answer)) return undefined;
  const { state } = answer;
  return typeof state === 'object' && state !== null ? state : undefined;
}

function secondsOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
