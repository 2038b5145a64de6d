/** An invocation that a process is to carry out. */
export interface Order {
  readonly turn: number;
  readonly event: object;
  /** Milliseconds. */
  readonly remaining: number;
  /** Where the process ends, if in the midst of the invocation: before or after the first request that writes or sends. */
  readonly death?: Death | undefined;
  /** Whether a movement is refused. */
  readonly isRefused: boolean;
}

export type Death = 'before' | 'after';

/** What has come of an invocation. */
export interface Answer {
  readonly turn: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Of Ada the third movement is refused while it is said so; of Bob two attempts at the fourth fail. */
export const REFUSED = { account: 'ada', movement: 3 };
export const FAILING = { account: 'bob', movement: 4, attempts: 2 };
