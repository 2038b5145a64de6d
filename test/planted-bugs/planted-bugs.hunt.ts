import { describe, expect, test } from 'vitest';
import { describeFailure } from '../../lib/simulator/certificate.ts';
import { lengthOf } from '../../lib/simulator/plan/plan.ts';
import { hunt } from './hunt.ts';
import { bugs } from './index.ts';

const PLANS = 400;
const SEED = 1;
const TIMEOUT = 900_000;

const hunted = bugs.filter(({ rare }) => !rare);

// An oracle that misses a bug that is there says nothing by its silence about others.
describe('plans that are drawn find, and shrink to at most 10 steps, that', { concurrent: true }, () => {
  test.each(hunted.map(({ name, mistake }) => [mistake, name] as const))('%s', { timeout: TIMEOUT }, async (_, bug) => {
    const { astray, caught, plans } = await hunt({ bug, seed: SEED, most: PLANS });

    expect(astray, 'edits whose place is not in the source any more: plant the bug anew').toEqual([]);
    expect(caught, `not found by ${plans} plans`).toBeDefined();
    expect(lengthOf(caught!.plan), describeFailure(caught!)).toBeLessThanOrEqual(10);
  });
});
