import type { Ledger } from '../ledger/ledger.ts';

/** How long a run may take. */
export interface TimeLeft {
  /** When to begin nothing more, in milliseconds since the epoch. @default never */
  readonly until?: number;
}

/** Whether a run's time is up. */
export function isOver({ environment }: Ledger, { until }: TimeLeft): boolean {
  return until !== undefined && environment.now() >= until;
}
