import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { accounts } from '../../scripts/certify/accounts.ts';

test('movements of an account take effect in their order, through twenty plans', { timeout: 300_000 }, async () => {
  const certificate = await certify({ ...accounts, plans: 20, seed: 1, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 20, lost: 0, doubled: 0, uncaused: 0, reordered: 0 });
  expect(certificate.faults.duplicate).toBeGreaterThan(0);
});
