import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { accounts } from '../../scripts/certify/accounts.ts';

test('movements of an account take effect in their order, through twenty plans', { timeout: 300_000 }, async () => {
  const certificate = await certify({ ...accounts, plans: 20, seed: 1, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 20, lost: 0, doubled: 0, uncaused: 0, reordered: 0 });
  expect(certificate.faults.duplicate).toBeGreaterThan(0);
});

test('what came while a subscriber was away hides nothing that the subscriber is to end first', async () => {
  const { violations } = await simulate(accounts, {
    seed: 1_036_310_519,
    workload: [
      { step: 1, at: 0 },
      { step: 1, at: 20_000 },
    ],
    faults: [],
    operations: [
      { kind: 'subscriber-added-again', subscriber: 'book', after: 8_000, at: 967 },
      { kind: 'shards-disagree', stack: 'application', to: 8, at: 468 },
    ],
  });
  expect(violations).toEqual([]);
});
