import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOver } from '../../lib/circuit/is-over.ts';
import { BREAKER_DEFAULTS } from '../../lib/contract/breaker.ts';
import { type CircuitRow, countColumns, SPAN_MS } from '../../lib/ledger/rows/circuit.ts';

/** A circuit's counts of handler runs, of which each is one of a message of its own. */
function rowOf(runs: readonly { readonly at: number; readonly failed: boolean }[]): CircuitRow {
  const row: Record<string, unknown> = { pk: 'circuit#a', sk: 'circuit' };
  for (const [span, some] of Map.groupBy(runs, ({ at }) => Math.floor(at / SPAN_MS))) {
    const columns = countColumns(span);
    const failed = some.filter((run) => run.failed);
    row[columns.failed] = failed.length;
    row[columns.total] = some.length;
    row[columns.ids] = new Set(failed.map(({ at }) => String(at)));
  }
  return row as unknown as CircuitRow;
}

test('after minutes in which all went well, an outage at the same rate is over within 3 s, and nothing that fails less than half', () => {
  const cases = fc.record({
    perSecond: fc.integer({ min: 8, max: 60 }),
    begins: fc.integer({ min: 60_000, max: 62_000 }),
    share: fc.constantFrom(0, 0.1, 0.25, 1),
  });
  fc.assert(
    fc.property(cases, ({ perSecond, begins, share }) => {
      const runs: { at: number; failed: boolean }[] = [];
      const each = 1_000 / perSecond;
      let overAt = Number.POSITIVE_INFINITY;
      for (let [number, at] = [0, 45_000]; at < begins + 8_000 && overAt === Number.POSITIVE_INFINITY; number++) {
        const failed = at >= begins && number % 20 < 20 * share;
        runs.push({ at, failed });
        if (failed && isOver(rowOf(runs), BREAKER_DEFAULTS, at)) overAt = at;
        at += each;
      }
      if (share < 0.5) expect(overAt).toBe(Number.POSITIVE_INFINITY);
      else expect(overAt - begins).toBeLessThanOrEqual(3_000);
    }),
    { numRuns: 30 },
  );
});
