import { expect, test } from 'vitest';
import { type OutageDrill, outageProblems, outageSummary } from '../../demo/drills/outage.ts';

const well: OutageDrill = {
  published: 1_260,
  handled: 1_260,
  lastRunAfterMs: 3_000,
  outage: {
    openedAfterMs: 2_400,
    handlerRunsWhileOpen: 25,
    probes: 3,
    deadLettered: 0,
    closedAfterMs: 73_700,
  },
};

test('an outage that buries nothing has no problems, and is told in words', () => {
  expect(outageProblems(well)).toEqual([]);
  expect(outageSummary(well).join('\n')).toContain('1260 of 1260 charges handled, 0 buried');
});

test.each([
  [{ ...well, handled: 1_250 }, '10 of 1260 charges were not handled'],
  [{ ...well, outage: { ...well.outage, deadLettered: 7 } }, 'buried 7 messages'],
  [{ ...well, outage: { ...well.outage, probes: 5 } }, '5 probes went well, and 3 were to'],
])('what is wrong with an outage is named', (drill, said) => {
  expect(outageProblems(drill).join()).toContain(said);
});
