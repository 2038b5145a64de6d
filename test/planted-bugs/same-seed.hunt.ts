import { expect, test } from 'vitest';
import { certifySystem } from '../../scripts/certify/certify-system.ts';

const PLANS = 1_000;
const TIMEOUT = 900_000;

test('the same seed gives the same trace, 1,000 of 1,000, on however many threads', { timeout: TIMEOUT }, async () => {
  const one = await certifySystem('shop', PLANS, 1, 2);
  const other = await certifySystem('shop', PLANS, 1, 3);

  expect(other).toEqual(one);
});
