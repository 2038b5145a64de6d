/** One invocation of a function by an event source, when it has ended. */
export interface Invocation {
  /** The mapping's name. */
  readonly source: string;
  readonly records: number;
  /** How many of the records have failed. */
  readonly failed: number;
  /** The error that the function threw. */
  readonly error?: unknown;
}

/** Something that a poller could not do, and does again later: to receive, to read, to delete, to tell of a discarded batch. */
export interface Trouble {
  /** The mapping's name. */
  readonly source: string;
  /** E.g. `receive`. */
  readonly step: 'receive' | 'count' | 'delete' | 'list shards' | 'read' | 'discard';
  readonly error: unknown;
}

/** A listener to event sources. None of its functions may throw. */
export interface Observer {
  invoked?(invocation: Invocation): void;
  troubled?(trouble: Trouble): void;
  /** A stream's records were given up: too old, or tried too often. */
  discarded?(discard: { readonly source: string; readonly records: number; readonly condition: string }): void;
}
