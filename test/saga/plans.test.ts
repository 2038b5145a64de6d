import { expect, test } from 'vitest';
import { type PlanReport, runPlan } from '../../scripts/saga/trip-plan.ts';

/** A few for each edit; `npm run saga:plans -- --count 10000` runs many. */
const PLANS = 12;

test('whatever fails, every saga is done or undone, and nothing is left behind', async () => {
  const reports: PlanReport[] = [];
  for (let seed = 1; seed <= PLANS; seed++) reports.push(await runPlan(seed));
  expect(reports.filter(({ violations }) => violations.length > 0)).toEqual([]);
  const sum = (of: 'completed' | 'compensated') => reports.reduce((all, report) => all + report[of], 0);
  expect(sum('completed') + sum('compensated')).toBe(3 * PLANS);
  expect(Math.min(sum('completed'), sum('compensated'))).toBeGreaterThan(0);
}, 60_000);
