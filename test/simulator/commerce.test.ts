import { describe, expect, test } from 'vitest';
import { certifyCommerce } from '../../scripts/certify/certify-commerce.ts';

const PLANS = 1_000;
const TIMEOUT = 900_000;

describe('the example shop', { timeout: TIMEOUT }, () => {
  test('survives 1,000 plans of faults, every kind among them, and the same twice: the same seed gives the same runs', async () => {
    const { certificate, failed } = await certifyCommerce(PLANS, 1, 2);

    expect(failed).toBeUndefined();
    expect(certificate).toMatchObject({ plans: PLANS, lost: 0, doubled: 0, uncaused: 0, unreached: [] });

    const again = await certifyCommerce(PLANS, 1, 3);
    expect(again.certificate).toEqual(certificate);
  });
});
