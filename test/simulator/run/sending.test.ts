import { describe, expect, test } from 'vitest';
import { acknowledgedBy } from '../../../lib/simulator/checks/acknowledged.ts';
import { TRAITS } from '../../../lib/simulator/faults/traits.ts';
import { simulate } from '../../../lib/simulator/run/simulation.ts';
import { commerce } from '../../../scripts/certify/commerce.ts';

const TIMEOUT = 120_000;
/** Messages are swept in one run of the first, and have schedules of their own in the other. */
const SEEDS = [1, 2];
const ID = '019b76da-a803-7a7b-9a80-c8d91fad16b8';

const sending = commerce.workload.flatMap((step, index) =>
  typeof step !== 'function' && step.sends ? [{ index, sends: step.sends.join(', ') }] : [],
);

describe('where nothing fails', { timeout: TIMEOUT }, () => {
  test.each(sending)('step $index, which sends by $sends, holds, and is the same twice', async ({ index }) => {
    for (const seed of SEEDS) {
      const plan = { seed, workload: [{ step: index, at: 0 }], faults: [] };
      const report = await simulate(commerce, plan);

      expect(report.violations).toEqual([]);
      expect((await simulate(commerce, plan)).hash).toBe(report.hash);
    }
  });

  test('all steps together come to every outcome but those that only faults bring about', async () => {
    const workload = sending.map(({ index }, place) => ({ step: index, at: place * 400 }));
    const reports = await Promise.all(
      [...SEEDS, 3, 4, 5, 6, 7, 8].map((seed) => simulate(commerce, { seed, workload, faults: [] })),
    );
    const met = new Set(reports.flatMap(({ faults }) => Object.keys(faults)));

    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    const { hop, pendingHealed, thawed, warm, moved, olderVersion, newerVersion, redriveHandled, ...sent } = TRAITS;
    const bySagas = (trait: string) => trait.startsWith('saga-');
    expect(Object.values(sent).filter((trait) => !bySagas(trait) && !met.has(trait))).toEqual([]);
  });
});

test('what a step answers says what a producer was told', () => {
  const nothing = { ids: [], cancelled: [], kept: [], refused: false };

  expect(acknowledgedBy(ID)).toEqual({ ...nothing, ids: [ID] });
  expect(acknowledgedBy({ id: ID, state: 'pending' })).toEqual({ ...nothing, ids: [ID] });
  expect(acknowledgedBy({ id: ID, state: 'unknown' })).toEqual(nothing);
  expect(acknowledgedBy([ID, { cancelled: true, id: ID }])).toEqual({ ...nothing, ids: [ID], cancelled: [ID] });
  expect(acknowledgedBy({ cancelled: false, id: ID, ended: {} })).toEqual({ ...nothing, kept: [ID] });
  expect(acknowledgedBy({ rescheduled: false, id: ID, ended: {} })).toEqual(nothing);
  expect(acknowledgedBy({ refused: true })).toEqual({ ...nothing, refused: true });
  expect(acknowledgedBy(undefined)).toEqual(nothing);
});
