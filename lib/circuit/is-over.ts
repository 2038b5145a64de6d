import type { BreakerSettings } from '../contract/breaker.ts';
import { type CircuitRow, countsOf, SPAN_MS, spansOf } from '../ledger/rows/circuit.ts';

/**
 * Whether so much has failed lately that the circuit opens: enough different messages, and enough of all handler runs. One
 * message that fails again and again is poison, and says nothing of the others. While a circuit that has just closed is held to a few
 * invocations, as many messages are enough as there were probes.
 */
export function isOver(row: CircuitRow, settings: BreakerSettings, now: number): boolean {
  const first = Math.floor((now - settings.within) / SPAN_MS);
  const counts = spansOf(row)
    .filter((span) => span >= first)
    .map((span) => countsOf(row, span));
  const ids = new Set(counts.flatMap((one) => [...one.ids]));
  const failed = counts.reduce((sum, one) => sum + one.failed, 0);
  const total = counts.reduce((sum, one) => sum + one.total, 0);
  const enough = row.ramp === undefined ? settings.failures : Math.min(settings.failures, settings.probes);
  return ids.size >= enough && failed >= settings.share * total;
}
