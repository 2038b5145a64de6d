import type { CircuitRow } from '../ledger/rows/circuit.ts';

/** Whether a circuit is closed and takes on its whole load, and its event sources are as they were before it opened. */
export function isAtRest(row: CircuitRow | undefined): boolean {
  return (row?.state ?? 'closed') === 'closed' && row?.wanted === undefined && row?.ramp === undefined;
}
