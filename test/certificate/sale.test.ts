import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { sale } from '../../scripts/certify/sale.ts';

test('a scaler takes two readings for each step, and goes back, through plans in which messages wait', {
  timeout: 300_000,
}, async () => {
  const certificate = await certify({ ...sale, plans: 30, seed: 3, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 30, lost: 0, doubled: 0, uncaused: 0 });
  expect(certificate.unreached).not.toContain('scaler.changed');
});

test('only a subscriber scales', async () => {
  await expect(certify({ ...sale, scales: { nobody: {} }, plans: 1 })).rejects.toThrow(/'nobody'/);
});
