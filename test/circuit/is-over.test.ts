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

test('after minutes in which all went well, an outage is over within little more than 2 s, however slowly all fails, and nothing that fails less than half', () => {
  const cases = fc.record({
    perSecond: fc.integer({ min: 8, max: 60 }),
    begins: fc.integer({ min: 60_000, max: 62_000 }),
    share: fc.constantFrom(0, 0.1, 0.25, 1),
    // What fails may take its time: then fewer handlers run a second.
    slower: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(cases, ({ perSecond, begins, share, slower }) => {
      const runs: { at: number; failed: boolean }[] = [];
      let overAt = Number.POSITIVE_INFINITY;
      for (let [number, at] = [0, 45_000]; at < begins + 8_000 && overAt === Number.POSITIVE_INFINITY; number++) {
        const failed = at >= begins && number % 20 < 20 * share;
        runs.push({ at, failed });
        if (failed && isOver(rowOf(runs), BREAKER_DEFAULTS, at)) overAt = at;
        const isSlower = at >= begins && perSecond / slower >= 8;
        at += (1_000 / perSecond) * (isSlower ? slower : 1);
      }
      if (share < 0.5) expect(overAt).toBe(Number.POSITIVE_INFINITY);
      else expect(overAt - begins).toBeLessThanOrEqual(2_300);
    }),
    { numRuns: 30 },
  );
});
