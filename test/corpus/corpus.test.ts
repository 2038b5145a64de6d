import { describe, expect, test } from 'vitest';
import { lengthOf } from '../../lib/simulator/plan/plan.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { accounts } from '../../scripts/certify/accounts.ts';
import { careless } from '../../scripts/certify/careless.ts';
import { commerce } from '../../scripts/certify/commerce.ts';
import { forged } from '../../scripts/certify/forged.ts';
import { changingFormats } from '../../scripts/certify/formats.ts';
import { growth } from '../../scripts/certify/growth.ts';
import { notices } from '../../scripts/certify/notices.ts';
import { offers } from '../../scripts/certify/offers.ts';
import { outages } from '../../scripts/certify/outages.ts';
import { payments } from '../../scripts/certify/payments.ts';
import { sale } from '../../scripts/certify/sale.ts';
import { vouchers } from '../../scripts/certify/vouchers.ts';
import { warehouse } from '../../scripts/certify/warehouse.ts';
import { hunt } from '../planted-bugs/hunt.ts';
import { bugs } from '../planted-bugs/index.ts';
import { corpus } from './corpus.ts';

const TIMEOUT = 120_000;
const SYSTEMS = {
  shop: commerce,
  careless,
  payments,
  vouchers,
  formats: changingFormats,
  warehouse,
  outages,
  growth,
  sale,
  accounts,
  forged,
  offers,
  notices,
};

test.each(corpus)(
  'nothing but its own mistakes fails the plan that once found: $name',
  { timeout: TIMEOUT },
  async ({ name, plan }) => {
    const system = bugs.find((bug) => bug.name === name)?.system ?? 'shop';
    const isCareless = system === 'careless';
    const { violations } = await simulate(SYSTEMS[system], plan);

    expect(isCareless ? violations.filter(({ invariant }) => invariant !== 'H') : violations).toEqual([]);
  },
);

test('at least 20 bugs are planted', () => {
  expect(new Set(bugs.map(({ name }) => name)).size).toBeGreaterThanOrEqual(20);
});

// An oracle that misses a bug that is there says nothing by its silence about others.
describe('a certificate is refused, by a plan of at most 10 steps, where', { concurrent: true }, () => {
  test.each(bugs.map(({ name, mistake }) => [mistake, name] as const))('%s', { timeout: TIMEOUT }, async (_, bug) => {
    const plan = corpus.find(({ name }) => name === bug)?.plan;
    expect(plan).toBeDefined();

    const { astray, caught } = await hunt({ bug, plan: plan!, seed: 0, most: 1 });

    expect(astray, 'edits whose place is not in the source any more: plant the bug anew').toEqual([]);
    expect(caught, 'the judge sees nothing wrong').toBeDefined();
    expect(lengthOf(plan!)).toBeLessThanOrEqual(10);
  });
});
