import { CIRCUIT_PREFIX, type LedgerKey } from './layout.ts';

/** Whether a subscriber's handler may run: `closed` it may, `open` it may not, `halfOpen` it runs for probes alone. */
export type CircuitState = 'closed' | 'open' | 'halfOpen';

/**
 * The circuit of a subscriber. There is no row before the first failure that trips. Beside what is named here the row has, for
 * each second with failures, `failed#<span>`, `total#<span>` and `ids#<span>`.
 */
export interface CircuitRow extends LedgerKey {
  readonly state?: CircuitState;
  /** Grows with each change of state: a change is made on condition that nobody made another. */
  readonly epoch?: number;
  /** Who opened it. */
  readonly by?: 'breaker' | 'operator';
  /** When it came into this state. Moments are milliseconds since the epoch. */
  readonly since?: number;
  /** When it was closed last, or paused by an operator: probes that fail change nothing of it. Absent while it is closed. */
  readonly stopped?: number;
  /** When probes may begin; absent while an operator has paused it. */
  readonly retryAt?: number;
  /** For how long it was opened last, in milliseconds. */
  readonly wait?: number;
  /** The probes that it takes to close it. */
  readonly probes?: number;
  /** Of these, how many may still begin, and how many went well. */
  readonly probesLeft?: number;
  readonly good?: number;
  /** How many different messages it took to open it: fewer that fail are no outage. */
  readonly failures?: number;
  /** Whether a failed probe, or an empty queue, has found fewer messages than that: a second closes the circuit. */
  readonly few?: boolean;
  /** What failed at last, when it was opened: an error's code. */
  readonly reason?: string;
  /** After it has closed: to how many invocations at once its event sources are held for now. Absent where too few wait to hold them. */
  readonly ramp?: number;
  /** What the event sources were allowed before they were switched off, by their ids; 0: no limit. */
  readonly wanted?: Readonly<Record<string, number>>;
  /** The control message that looks after it, and until when nobody else does. */
  readonly owner?: string;
  readonly ownedUntil?: number;
}

/** Where a subscriber's circuit is. */
export function circuitKey(subscriber: string): LedgerKey {
  return { pk: `${CIRCUIT_PREFIX}${subscriber}`, sk: 'circuit' };
}

/** Milliseconds of one span in which failures are counted together. */
export const SPAN_MS = 1_000;

/** Counts of a span. */
export interface CircuitCounts {
  /** Number of the span since the epoch. */
  readonly span: number;
  /** Handler runs that tripped. */
  readonly failed: number;
  /** Handler runs. */
  readonly total: number;
  /** The messages that tripped. */
  readonly ids: ReadonlySet<string>;
}

const COUNTS = /^(failed|total|ids)#(\d+)$/;

/** The columns of a span's counts. */
export function countColumns(span: number): { readonly failed: string; readonly total: string; readonly ids: string } {
  return { failed: `failed#${span}`, total: `total#${span}`, ids: `ids#${span}` };
}

/** The spans of which a row has counts. */
export function spansOf(row: object | undefined): number[] {
  const spans = Object.keys(row ?? {}).flatMap((column) => Number(COUNTS.exec(column)?.[2] ?? []));
  return [...new Set(spans)];
}

/** What a row counts of a span. */
export function countsOf(row: object, span: number): CircuitCounts {
  const of = row as Readonly<Record<string, unknown>>;
  const { failed, total, ids } = countColumns(span);
  return {
    span,
    failed: Number(of[failed] ?? 0),
    total: Number(of[total] ?? 0),
    ids: new Set((of[ids] ?? []) as Iterable<string>),
  };
}
