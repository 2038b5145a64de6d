import type { BreakerSettings } from '../contract/breaker.ts';
import { type CircuitRow, countsOf, SPAN_MS, spansOf } from '../ledger/rows/circuit.ts';

/** In a stretch that is shorter, a few messages that came together would be all that was handled: nearly all of it has to fail. */
const SHORT_MS = 4_000;
const SHORTEST_MS = 1_000;
const NEARLY_ALL = 0.9;

/**
 * Whether so much has failed lately that the circuit opens: enough different messages, and enough of all handler runs, in `within` or in any
 * stretch of its last seconds; else an outage after healthy minutes would be held against all that went well before, and for longer where
 * what fails takes its time. One message that fails again and again is poison, and says nothing of the others. While a circuit that has just
 * closed is held to a few invocations, as many messages are enough as there were probes.
 */
export function isOver(row: CircuitRow, settings: BreakerSettings, now: number): boolean {
  const first = Math.floor((now - settings.within) / SPAN_MS);
  const spans = spansOf(row)
    .filter((span) => span >= first)
    .sort((one, other) => other - one);
  const enough = row.ramp === undefined ? settings.failures : Math.min(settings.failures, settings.probes);
  const ids = new Set<string>();
  let [failed, total] = [0, 0];
  for (const [index, span] of spans.entries()) {
    const counts = countsOf(row, span);
    for (const id of counts.ids) ids.add(id);
    failed += counts.failed;
    total += counts.total;
    const lasts = now - span * SPAN_MS;
    const isLong = lasts >= SHORT_MS || index === spans.length - 1;
    if (!isLong && lasts < SHORTEST_MS) continue;
    const share = isLong ? settings.share : Math.max(settings.share, NEARLY_ALL);
    if (ids.size >= enough && failed >= share * total) return true;
  }
  return false;
}
