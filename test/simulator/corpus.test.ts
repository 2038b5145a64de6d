import { expect, test } from 'vitest';
import { lengthOf } from '../../lib/testing/simulator/plan.ts';
import { simulate } from '../../lib/testing/simulator/simulation.ts';
import { commerce } from '../../scripts/certify/commerce.ts';
import { hunt } from './bugs/hunt.ts';
import { bugs } from './bugs/index.ts';
import { corpus } from './corpus.ts';

const TIMEOUT = 120_000;

test.each(corpus)('the shop survives the plan that once found: $name', { timeout: TIMEOUT }, async ({ plan }) => {
  const { violations } = await simulate(commerce, plan);

  expect(violations).toEqual([]);
});

const rare = bugs.filter((bug) => bug.rare);

test.each(rare)('a plan of the corpus finds: $mistake', { timeout: TIMEOUT }, async ({ name }) => {
  const plan = corpus.find((one) => one.name === name)?.plan;
  expect(plan).toBeDefined();

  const { astray, caught } = await hunt({ bug: name, plan: plan!, seed: 0, most: 1 });

  expect(astray, 'edits whose place is not in the source any more: plant the bug anew').toEqual([]);
  expect(caught?.violations).not.toEqual([]);
  expect(lengthOf(plan!)).toBeLessThanOrEqual(10);
});
